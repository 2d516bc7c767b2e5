import type { Column, ColumnType } from '../dataset/dataset.ts';
import type { LockedDuckdb } from './locked-duckdb.ts';
import { identifier, literal } from './sql-text.ts';
import { decimalType } from './typed-text.ts';

/** One column of an SQL statement: DuckDB's type besides ours. */
export interface SqlColumn extends Column {
  readonly sqlType: string;
}

const types: Readonly<Record<string, ColumnType>> = {
  TINYINT: 'LONG',
  SMALLINT: 'LONG',
  INTEGER: 'LONG',
  BIGINT: 'LONG',
  UTINYINT: 'LONG',
  USMALLINT: 'LONG',
  UINTEGER: 'LONG',
  UBIGINT: 'DECIMAL',
  HUGEINT: 'DECIMAL',
  UHUGEINT: 'DECIMAL',
  FLOAT: 'DOUBLE',
  DOUBLE: 'DOUBLE',
  DATE: 'DATE',
  TIME: 'TIME',
  BOOLEAN: 'BOOLEAN',
};

/** DuckDB's type of a column as ours; whatever has none of ours becomes text. */
export function columnTypeOf(sqlType: string): ColumnType {
  if (sqlType.startsWith('TIMESTAMP')) return 'DATETIME';
  if (/^DECIMAL\(\d+,\d+\)$/u.test(sqlType)) return 'DECIMAL';
  return types[sqlType] ?? 'STRING';
}

/** The columns of a SELECT, without running it. */
export async function describeSelect(duckdb: LockedDuckdb, select: string): Promise<SqlColumn[]> {
  const rows = (await (await duckdb.run(`DESCRIBE ${select}`)).getRows()) as string[][];
  return rows.map(([name, sqlType]) => ({ name: name!, type: columnTypeOf(sqlType!), sqlType: sqlType! }));
}

function isNested(sqlType: string): boolean {
  return sqlType.endsWith(']') || /^(STRUCT|MAP|UNION)\(/u.test(sqlType);
}

/** Canonical CSV has no NUL byte; the scanner would refuse it without telling the way out. */
function withoutNul(cell: string, name: string): string {
  return `CASE WHEN contains(${cell}, chr(0)) THEN error(${literal(`writeback-nul ${name}`)}) ELSE ${cell} END`;
}

/** The column that `canonicalText` found a NUL byte in, when that is what DuckDB's message says. */
export function nulColumnIn(message: string): string | undefined {
  return /writeback-nul (.*)/su.exec(message)?.[1];
}

/** Date and time printed one by one and put together: half the work of printing both and replacing the blank between them. */
function timestampText(cell: string): string {
  const printed = (type: string): string => `CAST(CAST(${cell} AS ${type}) AS VARCHAR)`;
  return `concat(${printed('DATE')}, 'T', ${printed('TIME')})`;
}

/** In UTC, without its zone. By way of its microseconds three times as fast as DuckDB's own text, which asks ICU for the zone. */
function finiteText(cell: string, sqlType: string, text: string): string {
  const utc = sqlType === 'TIMESTAMP' ? cell : `make_timestamp(epoch_us(${cell}))`;
  return `CASE WHEN isfinite(${cell}) THEN ${timestampText(utc)} ELSE ${text} END`;
}

function textOf(cell: string, sqlType: string): string {
  const text = `CAST(${cell} AS VARCHAR)`;
  if (sqlType === 'JSON') return `${cell} ->> '$'`;
  if (isNested(sqlType)) return `CAST(to_json(${cell}) AS VARCHAR)`;
  if (sqlType === 'TIMESTAMP' || sqlType === 'TIMESTAMP WITH TIME ZONE')
    return finiteText(cell, sqlType, text);
  if (sqlType.startsWith('TIMESTAMP')) return `replace(${text}, ' ', 'T')`;
  // Our own widest decimal, in which the digits after the point say nothing about the data.
  if (sqlType === decimalType) return `rtrim(rtrim(${text}, '0'), '.')`;
  return text;
}

/**
 * SQL for the canonical text of `cell` (an SQL expression of a type of DuckDB): see `ColumnType`. Times are UTC; nested
 * values are JSON. Text with a NUL byte raises an error that `nulColumnIn` finds.
 */
export function canonicalText(cell: string, { name, sqlType, type }: SqlColumn): string {
  const text = textOf(cell, sqlType);
  return type === 'STRING' ? withoutNul(text, name) : text;
}

/** `SELECT` of canonical texts, named `c0…`, of all columns of `select`. */
export function canonicalSelect(select: string, columns: readonly SqlColumn[]): string {
  const names = columns
    .map((_, index) => `v${index}`)
    .map(identifier)
    .join(', ');
  const texts = columns.map(
    (column, index) => `${canonicalText(identifier(`v${index}`), column)} AS c${index}`,
  );
  return `SELECT ${texts.join(', ')} FROM (${select}) AS rows_(${names})`;
}
