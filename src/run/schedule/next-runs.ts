import { dayAt, instantsOf, millisecondsOfDay } from './local-time.ts';
import type { Schedule, TimeSchedule } from './schedule.ts';

/** Four years hold every weekday, month end and leap day; what does not run in them is refused when it is saved. */
const searchedDays = 4 * 366;

/** The day after the last on which every time zone is in a year that ISO 8601 writes with four digits. */
const endOfDays = Date.UTC(9999, 11, 31) / millisecondsOfDay;

function instantsOn(schedule: TimeSchedule, day: number): number[] {
  const instants = schedule.minutesOn(day).flatMap((minute) => {
    const both = instantsOf(day, minute, schedule.timeZone);
    return schedule.bothTimes ? both : both.slice(0, 1);
  });
  // What a gap leaves out falls together on its end.
  return [...new Set(instants)].toSorted((a, b) => a - b);
}

/** The next runs after an instant, at most `count`; none for a schedule that waits for an event. */
export function nextRuns(schedule: Schedule, after: Date, count = 5): Date[] {
  if (schedule.kind !== 'times') return [];
  const runs: Date[] = [];
  const today = Math.max(dayAt(after, schedule.timeZone), schedule.firstDay);
  const end = Math.min(today + searchedDays, endOfDays);
  for (let day = today; day < end && runs.length < count; day += 1)
    for (const instant of instantsOn(schedule, day))
      if (instant > after.getTime() && runs.length < count && instant !== runs.at(-1)?.getTime())
        runs.push(new Date(instant));
  return runs;
}
