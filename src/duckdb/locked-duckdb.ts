import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DuckDBConnection, DuckDBInstance, DuckDBMaterializedResult } from '@duckdb/node-api';
import { literal, literalList } from './sql-text.ts';

/** What a loan of DuckDB may reach and use. */
export interface DuckdbOptions {
  /** Absolute paths: the only files outside the loan's own folder that can be read. */
  readonly files: readonly string[];
  /** Where the private folder is made; the system's temporary folder unless told. */
  readonly directory?: string | undefined;
  /** DuckDB's own memory; above it sorts and joins spill into the private folder. 256 unless told. */
  readonly memoryLimitMb?: number | undefined;
  /** How many columns pass at once, as far as that is known: many need more memory than `memoryLimitMb`. */
  readonly columns?: number | undefined;
  /**
   * One thread keeps the order of rows by itself, so that a COPY need not hold back batches to sort them: a Parquet file
   * then flows out row group by row group. Two unless told.
   */
  readonly threads?: 1 | 2 | undefined;
  readonly signal: AbortSignal;
}

/** An in-memory DuckDB that can read the named files and nothing else, and whose settings cannot be changed. */
export interface LockedDuckdb {
  readonly connection: DuckDBConnection;
  /** Folder in which DuckDB may read and write: FIFOs and temporary files of the loan; it goes when the loan ends. */
  readonly exchange: string;
  /** Runs one statement; `signal` (or the loan's) interrupts it and then its reason is thrown. */
  run(sql: string, signal?: AbortSignal): Promise<DuckDBMaterializedResult>;
  /** Ends the loan: waits for the running statement, closes, removes the folder. */
  close(): Promise<void>;
}

/** An interrupt that comes before the statement has begun is lost, so it is repeated until the statement ends. */
const interruptEveryMs = 20;

async function interruptible<T>(
  connection: DuckDBConnection,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  let again: NodeJS.Timeout | undefined;
  const interrupt = (): void => {
    connection.interrupt();
    again = setInterval(() => connection.interrupt(), interruptEveryMs);
  };
  signal.addEventListener('abort', interrupt, { once: true });
  try {
    return await work();
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener('abort', interrupt);
    clearInterval(again);
  }
}

/**
 * What DuckDB counts for a column: 2,048 rows of 16 bytes in each of some eight steps of a statement, and blocks of 256 KB for its
 * texts, whole even when little stands in them. Measured: 2,000 columns of short texts to Parquet need a limit of up to
 * 2,100 MB, and take 400.
 */
const mbOfColumn = 1;

function memoryLimitOf({ memoryLimitMb = 256, columns = 0 }: DuckdbOptions): string {
  return `${memoryLimitMb + Math.ceil(columns * mbOfColumn)}MB`;
}

function lockStatements(options: DuckdbOptions, exchange: string): string[] {
  return [
    "SET TimeZone = 'UTC'",
    `SET preserve_insertion_order = ${options.threads !== 1}`,
    `SET allowed_paths = ${literalList(options.files)}`,
    `SET allowed_directories = [${literal(exchange)}]`,
    'SET enable_external_access = false',
    'SET lock_configuration = true',
  ];
}

async function openInstance(options: DuckdbOptions, folder: string): Promise<DuckDBInstance> {
  const { DuckDBInstance } = await import('@duckdb/node-api');
  return DuckDBInstance.create(':memory:', {
    threads: String(options.threads ?? 2),
    memory_limit: memoryLimitOf(options),
    temp_directory: join(folder, 'spill'),
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    allow_community_extensions: 'false',
    allow_unsigned_extensions: 'false',
    allow_persistent_secrets: 'false',
  });
}

function lend(
  instance: DuckDBInstance,
  connection: DuckDBConnection,
  folder: string,
  loan: AbortSignal,
): LockedDuckdb {
  const running = new Set<Promise<unknown>>();
  return {
    connection,
    exchange: join(folder, 'exchange'),
    run(sql, signal = loan) {
      const result = interruptible(connection, AbortSignal.any([loan, signal]), () => connection.run(sql));
      running.add(result);
      const forget = (): void => void running.delete(result);
      result.then(forget, forget);
      return result;
    },
    async close() {
      await Promise.allSettled(running);
      connection.closeSync();
      instance.closeSync();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/**
 * Opens a locked-down DuckDB; whoever opens it closes it in a `finally`. Without memory limit DuckDB takes 1.2 GB for
 * a million rows. What is locked: only `files` can be read, nothing but the private folder can be written, no
 * extension can be installed or loaded, no database file attached, no setting changed.
 */
export async function openDuckdb(options: DuckdbOptions): Promise<LockedDuckdb> {
  options.signal.throwIfAborted();
  const folder = await mkdtemp(join(options.directory ?? tmpdir(), 'writeback-duckdb-'));
  let duckdb: LockedDuckdb | undefined;
  try {
    await mkdir(join(folder, 'exchange'));
    const instance = await openInstance(options, folder);
    duckdb = lend(instance, await instance.connect(), folder, options.signal);
    for (const statement of lockStatements(options, duckdb.exchange)) await duckdb.run(statement);
    return duckdb;
  } catch (error) {
    await duckdb?.close();
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

/** Lends a locked-down DuckDB (see `openDuckdb`) to `use` and closes it whatever happens. */
export async function withDuckdb<T>(
  options: DuckdbOptions,
  use: (duckdb: LockedDuckdb) => Promise<T>,
): Promise<T> {
  const duckdb = await openDuckdb(options);
  try {
    return await use(duckdb);
  } finally {
    await duckdb.close();
  }
}
