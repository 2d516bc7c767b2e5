import { calendarOf } from '../../dataset/calendar.ts';

/** Days since 1970-01-01, of a calendar without time zone. */
export type DayNumber = number;

export const millisecondsOfDay = 86_400_000;
const millisecondsOfMinute = 60_000;

/** The day that the calendar of a time zone shows at an instant. Throws UserError `name-unknown-time-zone`. */
export function dayAt(instant: Date, timeZone: string): DayNumber {
  return Math.floor(wallClock(instant.getTime(), timeZone) / millisecondsOfDay);
}

/** What the clock on the wall shows, as if it were UTC. */
function wallClock(instant: number, timeZone: string): number {
  const { year, month, day, hour, minute, second } = calendarOf(new Date(instant), timeZone);
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

/** Milliseconds by which the zone's clock is ahead of UTC. */
function offsetAt(instant: number, timeZone: string): number {
  const wholeSeconds = Math.floor(instant / 1000) * 1000;
  return wallClock(wholeSeconds, timeZone) - wholeSeconds;
}

/** The moment at which the clock is changed: the first one, to the second, with another offset than `from` has. */
function clockChange(from: number, to: number, timeZone: string): number {
  const before = offsetAt(from, timeZone);
  let early = from;
  let late = to;
  while (late - early > 1000) {
    const middle = Math.floor((early + late) / 2000) * 1000;
    if (offsetAt(middle, timeZone) === before) early = middle;
    else late = middle;
  }
  return late;
}

/**
 * The instants at which the clock on the wall shows this minute of this day: usually one; two, in order, when the clock is set
 * back; and when the clock is set forward over it, the first moment after the gap, so that nothing is skipped.
 */
export function instantsOf(day: DayNumber, minute: number, timeZone: string): number[] {
  const wall = day * millisecondsOfDay + minute * millisecondsOfMinute;
  const offsets = [wall - millisecondsOfDay, wall + millisecondsOfDay].map((near) =>
    offsetAt(near, timeZone),
  );
  const candidates = [...new Set(offsets.map((offset) => wall - offset))].toSorted((a, b) => a - b);
  const shown = candidates.filter((instant) => wallClock(instant, timeZone) === wall);
  if (shown.length > 0) return shown;
  return [clockChange(wall - millisecondsOfDay, wall + millisecondsOfDay, timeZone)];
}
