import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Column, CsvBytes } from '../dataset/dataset.ts';
import { fileBlocks } from '../dataset/file-blocks.ts';
import { UserError, isTold } from '../errors.ts';
import { makeFifo, readFifo, writeFifo } from './fifo.ts';
import { type LockedDuckdb, openDuckdb } from './locked-duckdb.ts';
import { literal } from './sql-text.ts';
import { misfitIn, typedSelectList } from './typed-text.ts';

/** How the Parquet file is made. */
export interface ParquetOptions {
  readonly compression: 'zstd' | 'snappy';
  /** Refuse times with digits below a microsecond instead of cutting them. */
  readonly strict: boolean;
  /** Where the private folder is made; the system's temporary folder unless told. */
  readonly directory?: string | undefined;
  readonly memoryLimitMb?: number | undefined;
  /** False uses temporary files in place of FIFOs, as on systems without `mkfifo`. */
  readonly fifos?: boolean | undefined;
}

/** Longest record that DuckDB is told to expect; 16 MB is also what a MongoDB document may have. */
const longestRecord = 16 * 1024 * 1024;

/** Canonical CSV, every cell as text: only an unquoted cell is null, so that "" and "\N" stay what they are. `parallel = false` would keep the whole input, spilled to disk: it cannot be read from a pipe twice. */
function readCanonical(path: string, columns: readonly Column[]): string {
  const types = columns.map((_, index) => `c${index}: 'VARCHAR'`).join(', ');
  return `read_csv(${literal(path)}, auto_detect = false, header = true, delim = ',', quote = '"', escape = '"',
    columns = {${types}}, nullstr = ['', '\\N'], allow_quoted_nulls = false, strict_mode = false,
    max_line_size = ${longestRecord}, buffer_size = ${longestRecord})`;
}

/** Row numbers are counted in the stream, so a value that does not fit can be named by its row. */
function copyStatement(
  input: string,
  output: string,
  columns: readonly Column[],
  options: ParquetOptions,
): string {
  const typed = typedSelectList(columns, { strict: options.strict, row: 'row_number_' });
  return `COPY (SELECT ${typed} FROM (SELECT *, row_number() OVER () AS row_number_ FROM ${readCanonical(input, columns)}))
    TO ${literal(output)} (FORMAT parquet, COMPRESSION ${options.compression}, USE_TMP_FILE false)`;
}

function explain(error: unknown, columns: readonly Column[]): unknown {
  const found = error instanceof Error && !isTold(error) ? misfitIn(error.message) : undefined;
  if (found === undefined) return error;
  const { name, type } = columns[found.column]!;
  const message = `The value “${found.value}” in row ${found.row}, column “${name}”, does not fit the type ${type} in a Parquet file.`;
  const remedy =
    'Correct the value or change the type of the column in the source, or write CSV, which keeps every text as it is.';
  return new UserError('parquet-value-does-not-fit', message, {
    row: found.row,
    column: name,
    remedy,
    cause: error,
  });
}

async function* throughFiles(
  duckdb: LockedDuckdb,
  body: CsvBytes,
  paths: { input: string; output: string; sql: string },
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  await pipeline(body, createWriteStream(paths.input), { signal });
  await duckdb.run(paths.sql, signal);
  await rm(paths.input);
  yield* fileBlocks(paths.output, signal);
}

function throughFifos(
  duckdb: LockedDuckdb,
  body: CsvBytes,
  paths: { input: string; output: string; sql: string },
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const feed = (signal: AbortSignal): Promise<void> =>
    writeFifo(paths.input, body, (signal) => duckdb.run(paths.sql, signal), signal);
  return readFifo(paths.output, feed, signal);
}

/**
 * Canonical CSV in (its structure already checked by the record counter), the bytes of one Parquet file out, streamed
 * through DuckDB without a temporary file where the system has FIFOs. LONG becomes INT64, DECIMAL DECIMAL(38,18),
 * DATETIME a timestamp in microseconds adjusted to UTC; text stays text, null and the empty text stay apart; zero rows
 * give a file with its schema. Throws UserError `parquet-value-does-not-fit` with row and column; the bytes that went
 * before are then no valid file.
 */
export async function* writeParquet(
  body: CsvBytes,
  columns: readonly Column[],
  options: ParquetOptions,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const duckdb = await openDuckdb({
    files: [],
    directory: options.directory,
    memoryLimitMb: options.memoryLimitMb ?? 192,
    signal,
  });
  try {
    const input = join(duckdb.exchange, 'in.csv');
    const output = join(duckdb.exchange, 'out.parquet');
    const paths = { input, output, sql: copyStatement(input, output, columns, options) };
    const fifos = options.fifos !== false && (await makeFifo(input)) && (await makeFifo(output));
    yield* (fifos ? throughFifos : throughFiles)(duckdb, body, paths, signal);
  } catch (error) {
    throw explain(error, columns);
  } finally {
    await duckdb.close();
  }
}
