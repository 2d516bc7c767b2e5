import type { Column } from '../../dataset/dataset.ts';
import type { Range } from '../source.ts';
import { sqlName, sqlText } from './sql.ts';

/** Runs a query that gives one cell. */
export type AskOne = (sql: string) => Promise<string | null>;

const numbers = new Set(['LONG', 'DOUBLE', 'DECIMAL']);

/** Queries at the same time: an answer takes Domo a second or so, and up to 63 of them would be waited for one after the other. */
const atOnce = 4;

/** Asks all, and answers in their order. The first that fails is thrown when none is on its way any more. */
async function askAll(queries: readonly string[], askOne: AskOne): Promise<(string | null)[]> {
  const answers: (string | null)[] = [];
  // A generator ends for all who take from it as soon as one of them leaves it by an error.
  const left = (function* () {
    yield* queries.entries();
  })();
  const lanes = Array.from({ length: atOnce }, async () => {
    for (const [index, sql] of left) answers[index] = await askOne(sql);
  });
  await Promise.allSettled(lanes);
  await Promise.all(lanes);
  return answers;
}

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
  const queries = Array.from({ length: of - 1 }, (_, index) => {
    const offset = Math.floor((count * (index + 1)) / of);
    return `SELECT ${name} AS bound FROM ${table} WHERE ${name} IS NOT NULL ORDER BY ${name} LIMIT 1 OFFSET ${offset}`;
  });
  const answers = await askAll(queries, askOne);
  // A backslash in a literal means different things to different engines: such a key is no border.
  const bounds = answers.flatMap((value) => (value === null || value.includes('\\') ? [] : [value]));
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
