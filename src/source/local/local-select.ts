import { type SqlColumn, describeSelect } from '../../duckdb/canonical-select.ts';
import type { LockedDuckdb } from '../../duckdb/locked-duckdb.ts';
import { identifier, literal } from '../../duckdb/sql-text.ts';
import { UserError } from '../../errors.ts';
import { rangesOf } from '../ranges.ts';
import type { DayFilter, OpenRequest, Range } from '../source.ts';
import { unknownColumn } from './local-relation.ts';

/**
 * The person's query as a table. DuckDB's `query` function takes it as a literal and refuses all but one SELECT, so no text
 * can end our statement and begin another.
 */
export function baseSelect(query: string): string {
  return `SELECT * FROM query(${literal(query)})`;
}

/** A SELECT, and its columns. */
export interface Selected {
  readonly select: string;
  readonly columns: readonly SqlColumn[];
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

/** The keys at which rows divide into `count` parts of about equal size, as text. Sorted with spilling, so memory is flat. */
async function findBorders(
  duckdb: LockedDuckdb,
  select: string,
  key: string,
  count: number,
): Promise<string[]> {
  const cell = identifier(key);
  const at = (part: number): string =>
    `max(CASE WHEN place_ = 1 + (total_ * ${part}) // ${count} THEN CAST(key_ AS VARCHAR) END)`;
  const borders = Array.from({ length: count - 1 }, (_, index) => at(index + 1));
  if (borders.length === 0) return [];
  const sorted = `SELECT ${cell} AS key_ FROM (${select}) WHERE ${cell} IS NOT NULL ORDER BY 1`;
  const rows = await duckdb.run(`SELECT ${borders.join(', ')}
    FROM (SELECT key_, row_number() OVER () AS place_ FROM (${sorted})),
      (SELECT count(${cell}) AS total_ FROM (${select}))`);
  const [found] = (await rows.getRows()) as (string | null)[][];
  return [...new Set(found!.filter((key) => key !== null))];
}

function rangeSelect(
  select: string,
  { key, from, to, isEmpty }: Range,
  columns: readonly SqlColumn[],
): string {
  const { sqlType } = columnCalled(key, columns);
  const cell = identifier(key);
  const value = (text: string): string => `CAST(${literal(text)} AS ${sqlType})`;
  const conditions = [
    ...(isEmpty ? ['false'] : []),
    ...(from === undefined ? [] : [`${cell} >= ${value(from)}`]),
    ...(to === undefined
      ? []
      : [`(${cell} < ${value(to)}${from === undefined ? ` OR ${cell} IS NULL` : ''})`]),
  ];
  const where = conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;
  return `SELECT * FROM (${select})${where} ORDER BY ${cell} NULLS FIRST`;
}

/** The ranges that a request's rows are cut into. */
export async function cutSelect(
  duckdb: LockedDuckdb,
  request: Pick<OpenRequest, 'query' | 'day'>,
  key: string,
  count: number,
): Promise<Range[]> {
  const { select, columns } = await selectOf(duckdb, request);
  columnCalled(key, columns);
  return rangesOf(key, await findBorders(duckdb, select, key, count), count);
}

/** What a request without query asks for. */
export const wholeTable = 'SELECT * FROM tbl';

/** The SELECT that a request asks for, and its columns. */
export async function selectOf(
  duckdb: LockedDuckdb,
  { query = wholeTable, day, range }: Pick<OpenRequest, 'query' | 'day' | 'range'>,
): Promise<Selected> {
  const base = baseSelect(query);
  const columns = await describeSelect(duckdb, base);
  const filtered = day ? `SELECT * FROM (${base}) WHERE ${dayCondition(day, columns)}` : base;
  const select = range ? rangeSelect(filtered, range, columns) : filtered;
  return { select, columns };
}
