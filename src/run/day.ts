import { calendarOf } from '../dataset/calendar.ts';
import type { Column } from '../dataset/dataset.ts';
import { UserError } from '../errors.ts';
import type { DayFilter } from '../source/source.ts';

/** Domo's own column of appended DataSets: when a row's batch arrived. */
const batchColumn = '_BATCH_LAST_RUN_';

const oneDay = 86_400_000;

/** Milliseconds by which a zone is ahead of UTC at an instant. */
function offsetAt(instant: number, timeZone: string): number {
  const { year, month, day, hour, minute, second } = calendarOf(new Date(instant), timeZone);
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(instant / 1000) * 1000;
}

/** The first instant of a local day; where a clock change skips midnight, the first moment after the gap. */
function startOfDay(localMidnight: number, timeZone: string): number {
  const guess = localMidnight - offsetAt(localMidnight, timeZone);
  const better = localMidnight - offsetAt(guess, timeZone);
  return better + offsetAt(better, timeZone) < localMidnight ? guess : better;
}

function columnOf(columns: readonly Column[], name: string | undefined): Column {
  const wanted = name ?? batchColumn;
  const column = columns.find((candidate) => candidate.name === wanted);
  if (column && (column.type === 'DATE' || column.type === 'DATETIME')) return column;
  const reason = column ? `is ${column.type}, not a date` : 'is not in the DataSet';
  throw new UserError(
    'day-column-missing',
    `"Specific Day" needs a date column, but "${wanted}" ${reason}.`,
    {
      field: 'details.dateColumn',
      remedy: 'Name a DATE or DATETIME column of the DataSet in "Date Column".',
    },
  );
}

/**
 * The filter for the calendar day `daysBack` days before the run's, in the writeback's time zone, by `column` or, without
 * one, by `_BATCH_LAST_RUN_`. A DATE column knows no zone: its bounds are the date itself.
 * Throws UserError `day-column-missing`.
 */
export function dayFilter(
  columns: readonly Column[],
  day: { daysBack: number; column?: string | undefined },
  at: Date,
  timeZone: string,
): DayFilter {
  const column = columnOf(columns, day.column);
  const wanted = calendarOf(at, timeZone, -day.daysBack);
  const midnight = Date.UTC(wanted.year, wanted.month - 1, wanted.day);
  const bound = (local: number) => (column.type === 'DATE' ? local : startOfDay(local, timeZone));
  const iso = (local: number) => new Date(bound(local)).toISOString();
  return { column: column.name, from: iso(midnight), to: iso(midnight + oneDay) };
}
