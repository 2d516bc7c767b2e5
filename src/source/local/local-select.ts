import { type SqlColumn, describeSelect } from '../../duckdb/canonical-select.ts';
import type { LockedDuckdb } from '../../duckdb/locked-duckdb.ts';
import { identifier, literal } from '../../duckdb/sql-text.ts';
import { UserError } from '../../errors.ts';
import type { DayFilter, OpenRequest, Split } from '../source.ts';
import { unknownColumn } from './local-relation.ts';

/**
 * The person's query as a table. DuckDB's `query` function takes it as a literal and refuses all but one SELECT, so no text
 * can end our statement and begin another.
 */
function baseSelect(query: string | undefined): string {
  return query === undefined ? 'SELECT * FROM tbl' : `SELECT * FROM query(${literal(query)})`;
}

function columnCalled(name: string, columns: readonly SqlColumn[]): SqlColumn {
  const found = columns.find((column) => column.name === name);
  if (found === undefined)
    throw unknownColumn(
      name,
      columns.map(({ name }) => name),
    );
  return found;
}

/** A day that begins between 11:00 UTC and midnight belongs to a zone east of Greenwich: its date is the next one. */
const eastOfGreenwichMs = 13 * 60 * 60 * 1000;

function dayCondition({ column, from, to }: DayFilter, columns: readonly SqlColumn[]): string {
  const { type } = columnCalled(column, columns);
  const cell = identifier(column);
  if (type === 'DATETIME') {
    return `CAST(${cell} AS TIMESTAMPTZ) >= TIMESTAMPTZ ${literal(from)} AND CAST(${cell} AS TIMESTAMPTZ) < TIMESTAMPTZ ${literal(to)}`;
  }
  if (type === 'DATE') {
    const day = new Date(Date.parse(from) + eastOfGreenwichMs).toISOString().slice(0, 10);
    return `${cell} = DATE ${literal(day)}`;
  }
  const remedy = 'Name a column of type DATE or DATETIME.';
  throw new UserError('local-not-a-date', `The column “${column}” has the type ${type}; it has no day.`, {
    column,
    remedy,
  });
}

/** The keys at which a part begins and ends; null where it has no bound. Sorted with spilling, so memory is flat. */
async function boundsOf(
  duckdb: LockedDuckdb,
  select: string,
  { key, index, of }: Split,
): Promise<(string | null)[]> {
  const cell = identifier(key);
  const at = (part: number): string =>
    `max(CASE WHEN place_ = 1 + (total_ * ${part}) // ${of} THEN CAST(key_ AS VARCHAR) END)`;
  const sorted = `SELECT ${cell} AS key_ FROM (${select}) WHERE ${cell} IS NOT NULL ORDER BY 1`;
  const rows = await duckdb.run(`SELECT ${at(index)}, ${at(index + 1)}
    FROM (SELECT key_, row_number() OVER () AS place_ FROM (${sorted})),
      (SELECT count(${cell}) AS total_ FROM (${select}))`);
  const [found] = (await rows.getRows()) as (string | null)[][];
  return [index === 0 ? null : found![0]!, index + 1 === of ? null : found![1]!];
}

/** Part `index` holds the keys from its bound up to the next part's; nulls are in the first part. */
async function splitSelect(
  duckdb: LockedDuckdb,
  select: string,
  split: Split,
  columns: readonly SqlColumn[],
): Promise<string> {
  const { sqlType } = columnCalled(split.key, columns);
  const cell = identifier(split.key);
  const [from, to] = await boundsOf(duckdb, select, split);
  const value = (text: string): string => `CAST(${literal(text)} AS ${sqlType})`;
  const conditions = [
    ...(from === null ? [] : [`${cell} >= ${value(from!)}`]),
    ...(to === null ? [] : [`${cell} < ${value(to!)}`]),
  ];
  // Without keys there are no bounds: all rows (their keys null) are the first part's.
  const none = split.index > 0 && from === null;
  const inside = none ? 'false' : conditions.join(' AND ') || 'true';
  const where =
    split.index === 0 ? `(${cell} IS NULL OR (${inside}))` : `(${cell} IS NOT NULL AND ${inside})`;
  return `SELECT * FROM (${select}) WHERE ${where} ORDER BY ${cell} NULLS FIRST`;
}

/** The SELECT that a request asks for, and its columns. */
export async function selectOf(
  duckdb: LockedDuckdb,
  { query, day, split }: Pick<OpenRequest, 'query' | 'day' | 'split'>,
): Promise<{ select: string; columns: SqlColumn[] }> {
  const base = baseSelect(query);
  const columns = await describeSelect(duckdb, base);
  const filtered = day ? `SELECT * FROM (${base}) WHERE ${dayCondition(day, columns)}` : base;
  const select = split ? await splitSelect(duckdb, filtered, split, columns) : filtered;
  return { select, columns };
}
