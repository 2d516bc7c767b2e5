import { UserError } from '../../errors.ts';
import type { Column, Dataset } from '../../dataset/dataset.ts';
import type { DayFilter } from '../source.ts';

/** A column's name as Domo's SQL wants it. */
export function sqlName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A text literal. A backslash may begin an escape in Domo's SQL: callers keep it out. */
export function sqlText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** The table of a query: the DataSet itself, or what the person's query gives. */
export function sqlTable(query: string | undefined): string {
  return query === undefined ? 'tbl' : `(${query.trim().replace(/;+\s*$/, '')}) AS tbl`;
}

/** The column of this name. Throws UserError `domo-no-such-column`. */
export function findColumn(dataset: Dataset, name: string): Column {
  const column = dataset.columns.find((one) => one.name === name);
  if (column) return column;
  const names = dataset.columns.map((one) => one.name).join(', ');
  throw new UserError(
    'domo-no-such-column',
    `The DataSet “${dataset.name}” has no column “${name}”. It has: ${names.slice(0, 500)}.`,
    {
      remedy: 'Name one of its columns.',
      column: name,
    },
  );
}

// Domo's SQL writes moments in UTC without a zone.
const moment = (iso: string) => new Date(iso).toISOString().slice(0, 19);

/**
 * The calendar day whose first instant in the writeback's zone is `from`. A DATE has no zone, so the day itself must be
 * found: east of Greenwich the day begins on the eve in UTC (from 11:00, UTC+13, on), west of it up to 10:00 of the same day.
 */
function calendarDay(from: string): string {
  return new Date(Date.parse(from) + 13 * 3_600_000).toISOString().slice(0, 10);
}

/** The condition that keeps one day's rows. Throws `domo-no-such-column`, `domo-not-a-date`. */
export function dayCondition(dataset: Dataset, { column, from, to }: DayFilter): string {
  const { type } = findColumn(dataset, column);
  const name = sqlName(column);
  if (type === 'DATE') return `${name} = ${sqlText(calendarDay(from))}`;
  if (type === 'DATETIME') return `${name} >= ${sqlText(moment(from))} AND ${name} < ${sqlText(moment(to))}`;
  const sentence = `The column “${column}” of “${dataset.name}” holds no dates: its type is ${type}.`;
  throw new UserError('domo-not-a-date', sentence, { remedy: 'Name a DATE or DATETIME column.', column });
}
