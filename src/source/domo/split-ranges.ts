import type { Column } from '../../dataset/dataset.ts';
import type { Range } from '../source.ts';
import { sqlName, sqlText } from './sql.ts';

/** Runs a query that gives one cell. */
export type AskOne = (sql: string) => Promise<string | null>;

const numbers = new Set(['LONG', 'DOUBLE', 'DECIMAL']);

/**
 * Asks for the keys at which a DataSet divides into `of` parts of about equal size, ascending, each once, at most `of - 1`.
 * By ORDER BY, LIMIT and OFFSET only: window functions are not certain to be there.
 */
export async function findBounds(
  key: Column,
  of: number,
  table: string,
  askOne: AskOne,
): Promise<readonly string[]> {
  const name = sqlName(key.name);
  const count = Number(await askOne(`SELECT COUNT(${name}) AS n FROM ${table}`));
  const bounds: string[] = [];
  for (let part = 1; part < of; part++) {
    const offset = Math.floor((count * part) / of);
    const where = `WHERE ${name} IS NOT NULL ORDER BY ${name} LIMIT 1 OFFSET ${offset}`;
    const value = await askOne(`SELECT ${name} AS bound FROM ${table} ${where}`);
    // A backslash in a literal means different things to different engines: such a key is no border.
    if (value !== null && !value.includes('\\')) bounds.push(value);
  }
  return [...new Set(bounds)];
}

/** The condition of a range; it holds the rows without a key when it has no beginning. */
export function rangeCondition(key: Column, { from, to, isEmpty }: Range): string {
  const name = sqlName(key.name);
  const literal = (value: string) => (numbers.has(key.type) ? value : sqlText(value));
  if (isEmpty) return '1 = 0';
  if (from === undefined) return to === undefined ? '1 = 1' : `(${name} < ${literal(to)} OR ${name} IS NULL)`;
  const start = `${name} >= ${literal(from)}`;
  return to === undefined ? start : `${start} AND ${name} < ${literal(to)}`;
}
