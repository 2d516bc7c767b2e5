import type { Column } from '../../dataset/dataset.ts';
import { sqlName, sqlText } from './sql.ts';

/** Runs a query that gives one cell. */
export type AskOne = (sql: string) => Promise<string | null>;

const numbers = new Set(['LONG', 'DOUBLE', 'DECIMAL']);

/**
 * Asks for the keys at which a DataSet divides into `of` parts of about equal size, ascending, at most `of - 1`.
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
    if (value !== null && !value.includes('\\')) bounds.push(numbers.has(key.type) ? value : sqlText(value));
  }
  return [...new Set(bounds)];
}

/** The condition of part `index`: the parts of all indexes together hold each row once, rows without a key in the first. */
export function rangeCondition(key: Column, bounds: readonly string[], index: number): string {
  const name = sqlName(key.name);
  const [from, to] = [bounds[index - 1], bounds[index]];
  if (index > bounds.length) return '1 = 0';
  if (from === undefined) return to === undefined ? '1 = 1' : `(${name} < ${to} OR ${name} IS NULL)`;
  return to === undefined ? `${name} >= ${from}` : `${name} >= ${from} AND ${name} < ${to}`;
}
