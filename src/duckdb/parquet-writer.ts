import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { excerpt } from '../dataset/cell-text.ts';
import { csvRecord } from '../dataset/csv-record.ts';
import type { RejectRow } from '../dataset/csv-writer.ts';
import type { Column, CsvBytes } from '../dataset/dataset.ts';
import { fileBlocks } from '../dataset/file-blocks.ts';
import { makeFifo } from './fifo.ts';
import { type LockedDuckdb, openDuckdb } from './locked-duckdb.ts';
import { readFifo } from './read-fifo.ts';
import { type RowVerdicts, defineVerdicts, rejectFunction, truncatedFunction } from './row-verdicts.ts';
import { identifier, literal } from './sql-text.ts';
import { isMisfit, losesDigits, typedText } from './typed-text.ts';
import { writeFifo } from './write-fifo.ts';

/** How the Parquet file is made. */
export interface ParquetOptions {
  readonly compression: 'zstd' | 'snappy';
  /** Reject times with digits below a microsecond instead of cutting and counting them. */
  readonly strict: boolean;
  readonly reject: RejectRow;
  readonly truncated: (count: number) => void;
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

/** Calls the verdicts for rows that are not as they should be, and keeps the others. */
function verdictOf(columns: readonly Column[]): string {
  const typed = columns.flatMap(({ type }, index) => (type === 'STRING' ? [] : [index]));
  const misfits = typed.map((index) => isMisfit(`c${index}`, `t${index}`));
  const which = misfits.map((misfit, at) => `WHEN ${misfit} THEN ${typed[at]}`).join(' ');
  const cells = columns.map((_, index) => `c${index}`).join(', ');
  const report = `${rejectFunction}(row_number_, CASE ${which} END, [${cells}])`;
  const rejections = misfits.length === 0 ? [] : [`WHEN ${misfits.join(' OR ')} THEN ${report}`];
  const losses = columns.flatMap(({ type }, index) => losesDigits(`c${index}`, type) ?? []);
  const cut = losses.map((lost) => `CAST(coalesce(${lost}, false) AS INTEGER)`).join(' + ');
  const truncation = cut === '' ? [] : [`WHEN ${cut} > 0 THEN ${truncatedFunction}(${cut})`];
  const cases = [...rejections, ...truncation];
  return cases.length === 0 ? 'true' : `CASE ${cases.join('\n')} ELSE true END`;
}

/** In memory. Besides, a row group has at most DuckDB's 122,880 rows, which alone would be 250 MB of rows of 2 KB. */
const rowGroupBytes = '32MB';

/**
 * Row numbers are counted in the stream, so that a rejected row can be named; and above the typed columns, because DuckDB
 * moves no condition below a window: it would type every value twice, once for the condition. Bloom filters, which Spark and
 * Arrow do not write by default either, would take a twentieth of the time.
 */
function copyStatement(
  input: string,
  output: string,
  columns: readonly Column[],
  { strict, compression }: ParquetOptions,
): string {
  const typed = columns.map(({ type }, index) => {
    return `${typedText(`c${index}`, type, index, { strict, misfits: 'null' })} AS t${index}`;
  });
  const named = columns.map(({ name }, index) => `t${index} AS ${identifier(name)}`);
  const rows = `SELECT *, ${typed.join(',\n')} FROM ${readCanonical(input, columns)}`;
  return `COPY (SELECT ${named.join(', ')} FROM (SELECT *, row_number() OVER () AS row_number_ FROM (${rows}))
    WHERE ${verdictOf(columns)})
    TO ${literal(output)} (FORMAT parquet, COMPRESSION ${compression}, ROW_GROUP_SIZE_BYTES '${rowGroupBytes}',
      WRITE_BLOOM_FILTER false, USE_TMP_FILE false)`;
}

/** Verdicts that speak of rows as everywhere. */
function verdictsOf(columns: readonly Column[], { reject, truncated }: ParquetOptions): RowVerdicts {
  return {
    truncated,
    reject(row, place, cells) {
      const { name, type } = columns[place]!;
      const reason = `The value "${excerpt(cells[place] ?? '')}" does not fit the type ${type} in a Parquet file.`;
      reject(row, reason, name, () => csvRecord(cells).slice(0, -1));
    },
  };
}

async function fill(path: string, body: CsvBytes, signal: AbortSignal): Promise<void> {
  const handle = await open(path, 'wx');
  try {
    for await (const chunk of body) await handle.writeFile(chunk, { signal });
  } finally {
    await handle.close();
  }
}

async function* throughFiles(
  duckdb: LockedDuckdb,
  body: CsvBytes,
  paths: { input: string; output: string; sql: string },
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  await fill(paths.input, body, signal);
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
 * through DuckDB without a temporary file where the system has FIFOs; a chunk is valid until the next pull. LONG becomes
 * INT64, DECIMAL DECIMAL(38,18), DATETIME a timestamp in microseconds adjusted to UTC; text stays text, null and the empty
 * text stay apart; zero rows give a file with its schema. Rows with a value that does not fit are reported and left out.
 * Throws what `reject` throws; the bytes that went before are then no valid file.
 */
export async function* writeParquet(
  body: CsvBytes,
  columns: readonly Column[],
  options: ParquetOptions,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const { directory, memoryLimitMb = 192 } = options;
  // To count rows takes one thread anyway; a second would spin, waiting for work, and cost as much again.
  const duckdb = await openDuckdb({
    files: [],
    directory,
    memoryLimitMb,
    columns: columns.length,
    threads: 1,
    signal,
  });
  let failure: () => unknown = () => undefined;
  try {
    ({ failure } = await defineVerdicts(duckdb.connection, verdictsOf(columns, options)));
    const input = join(duckdb.exchange, 'in.csv');
    const output = join(duckdb.exchange, 'out.parquet');
    const paths = { input, output, sql: copyStatement(input, output, columns, options) };
    const fifos = options.fifos !== false && (await makeFifo(input)) && (await makeFifo(output));
    yield* (fifos ? throughFifos : throughFiles)(duckdb, body, paths, signal);
  } catch (error) {
    throw failure() ?? error;
  } finally {
    await duckdb.close();
  }
}
