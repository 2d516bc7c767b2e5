import { UserError } from '../errors.ts';

/** What a calendar and a clock on the wall show. */
export interface CalendarTime {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

/** Making a formatter takes as long as some hundred uses of it. */
const formatters = new Map<string, Intl.DateTimeFormat>();

function formatterOf(timeZone: string): Intl.DateTimeFormat {
  const known = formatters.get(timeZone);
  if (known) return known;
  const formatter = createFormatter(timeZone);
  formatters.set(timeZone, formatter);
  return formatter;
}

function createFormatter(timeZone: string): Intl.DateTimeFormat {
  const two = '2-digit';
  try {
    return new Intl.DateTimeFormat('en-US-u-ca-gregory-nu-latn', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: two,
      day: two,
      hour: two,
      minute: two,
      second: two,
    });
  } catch (cause) {
    throw new UserError('name-unknown-time-zone', `There is no time zone "${timeZone}".`, {
      field: 'timeZone',
      remedy: 'Use an IANA name such as Europe/Berlin, America/Denver or UTC.',
      cause,
    });
  }
}

/**
 * What the calendar of a time zone shows at an instant, the date shifted by whole calendar days (not by 24 hours, so that a
 * day with a clock change counts as one). Throws UserError `name-unknown-time-zone`.
 */
export function calendarOf(instant: Date, timeZone: string, days = 0): CalendarTime {
  const parts = new Map(
    formatterOf(timeZone)
      .formatToParts(instant)
      .map(({ type, value }) => [type, Number(value)]),
  );
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? 0;
  const date = new Date(Date.UTC(part('year'), part('month') - 1, part('day') + days));
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    hour: part('hour'),
    minute: part('minute'),
    second: part('second'),
  };
}
