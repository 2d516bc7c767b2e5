import { join } from 'node:path';
import { fileBlocks } from '../dataset/file-blocks.ts';
import { type SqlColumn, canonicalSelect } from './canonical-select.ts';
import { makeFifo } from './fifo.ts';
import type { LockedDuckdb } from './locked-duckdb.ts';
import { readFifo } from './read-fifo.ts';
import { literal } from './sql-text.ts';

/** How a query's rows come out. */
export interface QueryCsvOptions {
  /** False uses a temporary file in place of a FIFO, as on systems without `mkfifo`. */
  readonly fifos?: boolean | undefined;
}

function headerOf(columns: readonly SqlColumn[]): Uint8Array {
  const quoted = columns.map(({ name }) =>
    /^$|[",\r\n\\]/u.test(name) ? `"${name.replaceAll('"', '""')}"` : name,
  );
  return Buffer.from(`${quoted.join(',')}\n`);
}

/**
 * Null is nothing, so DuckDB writes the empty text as "". Text columns are quoted throughout: it is the only way to keep
 * the text \N, which unquoted would be null, apart.
 */
function copyStatement(select: string, columns: readonly SqlColumn[], path: string): string {
  const text = columns.flatMap(({ type }, index) => (type === 'STRING' ? [`c${index}`] : []));
  const quoted = text.length === 0 ? '' : `, FORCE_QUOTE (${text.join(', ')})`;
  return `COPY (${canonicalSelect(select, columns)}) TO ${literal(path)}
    (FORMAT csv, HEADER false, DELIMITER ',', QUOTE '"', ESCAPE '"', NULL ''${quoted}, USE_TMP_FILE false)`;
}

async function* throughFile(
  duckdb: LockedDuckdb,
  copy: string,
  path: string,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  await duckdb.run(copy, signal);
  yield* fileBlocks(path, signal);
}

/**
 * The rows of `select` as canonical CSV with header, streamed: pulling is the backpressure, leaving early interrupts the
 * query. `columns` are those that `describeSelect` gave for the same `select`.
 */
export async function* queryCsv(
  duckdb: LockedDuckdb,
  select: string,
  columns: readonly SqlColumn[],
  signal: AbortSignal,
  options: QueryCsvOptions = {},
): AsyncGenerator<Uint8Array> {
  const path = join(duckdb.exchange, 'rows.csv');
  const copy = copyStatement(select, columns, path);
  const fifo = options.fifos !== false && (await makeFifo(path));
  yield headerOf(columns);
  yield* fifo
    ? readFifo(path, (stop) => duckdb.run(copy, stop), signal)
    : throughFile(duckdb, copy, path, signal);
}
