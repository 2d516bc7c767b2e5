import { UserError } from '../../errors.ts';
import { checkValues } from '../../field/check.ts';
import type { Values } from '../../field/field.ts';
import { cronTimes } from './cron-times.ts';
import { type DayRule, dayRule, monthOf, weekOf, weekdayOf } from './day-rule.ts';
import { type DayNumber, dayAt, millisecondsOfDay } from './local-time.ts';
import { scheduleFields } from './schedule-fields.ts';

type Pane = Values<typeof scheduleFields>;

/** When a writeback runs by itself: at times, after an event, or never. */
export type Schedule =
  | { readonly kind: 'manual' }
  | { readonly kind: 'change' }
  | { readonly kind: 'success'; readonly writeback: string }
  | TimeSchedule;

/** Minutes of a day, on the clock of the time zone. */
export interface TimeSchedule {
  readonly kind: 'times';
  readonly timeZone: string;
  /** No run before this day. */
  readonly firstDay: DayNumber;
  /** Ascending minutes of the day (0 to 1439) at which it runs on that day. */
  minutesOn(day: DayNumber): readonly number[];
  /** Runs both times when the clock shows a minute twice: true of what repeats within the day, so that it does not pause. */
  readonly bothTimes: boolean;
}

const minutesPerDay = 1440;

function minuteOfDay(text: string, field: string): number {
  const [, hours, minutes] = /^(\d{1,2}):(\d{2})$/.exec(text.trim()) ?? [];
  const minute = Number(hours) * 60 + Number(minutes);
  if (hours !== undefined && Number(hours) < 24 && Number(minutes) < 60) return minute;
  throw new UserError('schedule-invalid', `"${text}" is not a time of day.`, {
    field,
    remedy: 'Write hours and minutes, such as 06:00 or 18:30.',
  });
}

function dayOf(text: string | undefined): DayNumber | undefined {
  if (text === undefined) return undefined;
  const instant = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(instant) && new Date(instant).toISOString().startsWith(text))
    return instant / millisecondsOfDay;
  throw new UserError('schedule-invalid', `"${text}" is not a day of the calendar.`, {
    field: 'startDate',
    remedy: 'Write year, month and day, such as 2027-01-31.',
  });
}

/** Minutes from the window's start to its end, which is left out; over midnight when it ends before it starts. */
function minutesInWindow(pane: Pane, step: number, first: number): number[] {
  const from = pane.activeFrom === undefined ? 0 : minuteOfDay(pane.activeFrom, 'activeFrom');
  const until = pane.activeUntil === undefined ? minutesPerDay : minuteOfDay(pane.activeUntil, 'activeUntil');
  const active = (minute: number) =>
    from < until ? minute >= from && minute < until : minute >= from || minute < until;
  if (step > minutesPerDay) throw tooLong();
  const count = Math.ceil((minutesPerDay - first) / step);
  return Array.from({ length: count }, (_, index) => first + index * step).filter(active);
}

/** `interval` days, weeks or months after each other, counted from the start date. */
function dayRuleOf(pane: Pane, firstDay: DayNumber): DayRule {
  const interval = pane.interval ?? 1;
  const spaced =
    (unit: (day: DayNumber) => number): DayRule =>
    (day) =>
      (unit(day) - unit(firstDay)) % interval === 0;
  const listed = dayRule(pane);
  if (pane.every === 'day') return spaced((day) => day);
  if (pane.every === 'weekday') return (day) => weekdayOf(day) % 6 !== 0;
  if (pane.every === 'week') {
    const days = pane.daysOfWeek === undefined ? dayRule({ daysOfWeek: 'monday' }) : listed;
    return (day) => days(day) && spaced(weekOf)(day);
  }
  if (pane.every !== 'month') return listed;
  const days =
    (pane.daysOfWeek ?? pane.daysOfMonth) ? listed : dayRule({ daysOfMonth: '1', months: pane.months });
  return (day) => days(day) && spaced(monthOf)(day);
}

function minutesOf(pane: Pane): number[] {
  if (pane.every === 'minutes') return minutesInWindow(pane, pane.interval ?? 15, 0);
  if (pane.every === 'hour') return minutesInWindow(pane, (pane.interval ?? 1) * 60, pane.minute);
  return [minuteOfDay(pane.at, 'at')];
}

function timesOf(pane: Pane): TimeSchedule {
  const { timeZone } = pane;
  dayAt(new Date(), timeZone);
  const firstDay = dayOf(pane.startDate) ?? 0;
  if (pane.every === 'cron')
    return { kind: 'times', timeZone, firstDay, ...cronTimes(pane.cronExpression ?? '') };
  const runsOn = dayRuleOf(pane, firstDay);
  const minutes = minutesOf(pane);
  const bothTimes = pane.every === 'minutes' || pane.every === 'hour';
  return { kind: 'times', timeZone, firstDay, minutesOn: (day) => (runsOn(day) ? minutes : []), bothTimes };
}

/**
 * Reads the Scheduling pane. `lowestMinutes` is the operator's least distance between two runs (Domo's is 15).
 * Throws UserError `field-…`, `schedule-invalid` with the field, `schedule-too-often`, `name-unknown-time-zone`.
 */
export function readSchedule(values: unknown, lowestMinutes = 15): Schedule {
  const pane = checkValues(scheduleFields, values, 'schedule') as Pane;
  if (pane.every === 'manual' || pane.every === 'change') return { kind: pane.every };
  if (pane.every === 'success') return { kind: 'success', writeback: pane.writeback ?? '' };
  const schedule = timesOf(pane);
  checkDistance(schedule, lowestMinutes);
  return schedule;
}

/** After so many times a pattern of minutes has shown itself. */
const sampledTimes = 3000;

/** Looks at the days of four years, so that every weekday, month end and leap day is among them. */
function checkDistance(schedule: TimeSchedule, lowestMinutes: number): void {
  let seen = 0;
  const today = Math.max(schedule.firstDay, Math.floor(Date.now() / millisecondsOfDay));
  let last = -Infinity;
  for (let day = today; day < today + 4 * 366 && seen < sampledTimes; day += 1)
    for (const minute of schedule.minutesOn(day)) {
      const at = day * minutesPerDay + minute;
      if (at - last < lowestMinutes) throw tooOften(lowestMinutes);
      last = at;
      seen += 1;
    }
  if (last === -Infinity) throw never();
}

function tooLong(): UserError {
  return new UserError('schedule-invalid', 'An interval of hours or minutes cannot be longer than a day.', {
    field: 'interval',
    remedy: 'Choose "Day" and an interval of days.',
  });
}

function tooOften(lowestMinutes: number): UserError {
  return new UserError('schedule-too-often', `Runs may not be less than ${lowestMinutes} minutes apart.`, {
    remedy: `Choose an interval of ${lowestMinutes} minutes or more, or ask the operator of this installation to lower the limit.`,
  });
}

function never(): UserError {
  return new UserError('schedule-never', 'This schedule never runs: no day within four years fits it.', {
    remedy: 'Look at the days, the months and the active hours: do they exclude each other?',
  });
}
