import { UserError } from '../../errors.ts';
import { type DayNumber, millisecondsOfDay } from './local-time.ts';

/** Tells whether a schedule runs on a day. */
export type DayRule = (day: DayNumber) => boolean;

const weekdays = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];
const monthNames = [
  'january',
  'february',
  'march',
  'april',
  'may',
  'june',
  'july',
  'august',
  'september',
  'october',
  'november',
  'december',
];
const ordinals = ['first', 'second', 'third', 'fourth', 'fifth', 'last'];

const lines = (text: string | undefined) =>
  (text ?? '')
    .split(/[\n,]/)
    .map((line) => line.trim().toLowerCase())
    .filter(Boolean);

function refused(field: string, text: string, example: string): UserError {
  return new UserError('schedule-invalid', `"${text}" cannot be used here.`, {
    field,
    remedy: `Write it like ${example}.`,
  });
}

/** 0 is Sunday; 1970-01-01 was a Thursday. */
export const weekdayOf = (day: DayNumber) => (((day + 4) % 7) + 7) % 7;

const dateOf = (day: DayNumber) => new Date(day * millisecondsOfDay);

function daysInMonth(date: Date): number {
  return new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
}

/** A weekday of every week, or the first to fifth or last of a month. */
function weekdayRule(text: string): DayRule {
  const [name = '', ordinal] = text.split(/\s+/).toReversed();
  const weekday = weekdays.findIndex((one) => name.length >= 3 && one.startsWith(name));
  const place = ordinal === undefined ? undefined : ordinals.indexOf(ordinal);
  if (weekday < 0 || place === -1) throw refused('daysOfWeek', text, 'monday, second sunday or last friday');
  if (place === undefined) return (day) => weekdayOf(day) === weekday;
  return (day) => {
    const date = dateOf(day);
    const count = date.getUTCDate();
    const inPlace = place === 5 ? count + 7 > daysInMonth(date) : Math.floor((count - 1) / 7) === place;
    return inPlace && weekdayOf(day) === weekday;
  };
}

/** A day of the month; one that the month lacks is its last day, so that no month is left out. */
function monthDayRule(text: string): DayRule {
  const wanted = text === 'last' ? 31 : Number(text);
  if (!Number.isInteger(wanted) || wanted < 1 || wanted > 31)
    throw refused('daysOfMonth', text, '1, 15 or last');
  return (day) => {
    const date = dateOf(day);
    return date.getUTCDate() === Math.min(wanted, daysInMonth(date));
  };
}

function monthRule(text: string): DayRule {
  const month = monthNames.findIndex((name) => text.length >= 3 && name.startsWith(text));
  if (month < 0) throw refused('months', text, 'january');
  return (day) => dateOf(day).getUTCMonth() === month;
}

const anyOf =
  (rules: readonly DayRule[]): DayRule =>
  (day) =>
    rules.some((rule) => rule(day));

/**
 * Days that are on one of the weekdays or month days (all, when neither is given), in one of the months (all, when none is
 * given). Each text is a list by lines or commas. Throws UserError `schedule-invalid`.
 */
export function dayRule(pane: {
  readonly daysOfWeek?: string | undefined;
  readonly daysOfMonth?: string | undefined;
  readonly months?: string | undefined;
}): DayRule {
  const days = [...lines(pane.daysOfWeek).map(weekdayRule), ...lines(pane.daysOfMonth).map(monthDayRule)];
  const months = lines(pane.months).map(monthRule);
  const onDay = days.length === 0 ? () => true : anyOf(days);
  const inMonth = months.length === 0 ? () => true : anyOf(months);
  return (day) => onDay(day) && inMonth(day);
}

/** Months since year 0, to count intervals of months. */
export const monthOf = (day: DayNumber) => dateOf(day).getUTCFullYear() * 12 + dateOf(day).getUTCMonth();
/** Weeks, which begin on Monday. */
export const weekOf = (day: DayNumber) => Math.floor((day + 3) / 7);
