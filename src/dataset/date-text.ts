const MINUS = 0x2d;
const PLUS = 0x2b;
const DOT = 0x2e;
const ZERO = 0x30;
const COLON = 0x3a;
const SPACE = 0x20;
const CAPITAL_T = 0x54;
const CAPITAL_Z = 0x5a;

const MONTH_DAYS = [0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const DAY = 86_400;
/** Seconds from 1970 to the first of January of the years 1 and 10000. */
const FIRST = -62_135_596_800;
const AFTER_LAST = 253_402_300_800;

/** What the readers found. One object, reused: a value lives until the next call. */
export const moment = {
  /** Seconds since 1970, UTC, and where the digits of the fraction stand (none: start = end). */
  seconds: 0,
  fractionStart: 0,
  fractionEnd: 0,
  /** Seconds that the zone is ahead of UTC. */
  offset: 0,
};

/** Two digits at `i` as a number; NaN when they are no digits or reach beyond the cell. */
function two(bytes: Uint8Array, i: number, end: number): number {
  if (i + 2 > end) return NaN;
  const tens = bytes[i]! - ZERO;
  const ones = bytes[i + 1]! - ZERO;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : NaN;
}

/** Days since 1970 of a date of the Gregorian calendar (Hinnant's days_from_civil for positive years). */
function daysSince1970(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  return (
    era * 146_097 +
    yearOfEra * 365 +
    Math.floor(yearOfEra / 4) -
    Math.floor(yearOfEra / 100) +
    dayOfYear -
    719_468
  );
}

/** Days since 1970 of the `yyyy-MM-dd` at `start`; NaN when there is no date of the years 1 to 9999. */
function readDays(bytes: Uint8Array, start: number, end: number): number {
  const year = two(bytes, start, end) * 100 + two(bytes, start + 2, end);
  const month = two(bytes, start + 5, end);
  const day = two(bytes, start + 8, end);
  if (bytes[start + 4] !== MINUS || bytes[start + 7] !== MINUS || !(year >= 1 && month >= 1 && month <= 12))
    return NaN;
  const leap = month === 2 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const last = leap ? 29 : MONTH_DAYS[month]!;
  return day >= 1 && day <= last ? daysSince1970(year, month, day) : NaN;
}

/** Seconds of the day of the `HH:mm:ss` at `start`; NaN when there is no time of day. A leap second is none. */
function readSeconds(bytes: Uint8Array, start: number, end: number): number {
  const hour = two(bytes, start, end);
  const minute = two(bytes, start + 3, end);
  const second = two(bytes, start + 6, end);
  if (bytes[start + 2] !== COLON || bytes[start + 5] !== COLON) return NaN;
  return hour <= 23 && minute <= 59 && second <= 59 ? hour * 3600 + minute * 60 + second : NaN;
}

/** Notes the `.123` at `i`, if there is one. Answers the offset after it, or -1 for a point without digits. */
function readFraction(bytes: Uint8Array, i: number, end: number): number {
  moment.fractionStart = moment.fractionEnd = i;
  if (i >= end || bytes[i] !== DOT) return i;
  let after = i + 1;
  while (after < end && bytes[after]! >= ZERO && bytes[after]! <= ZERO + 9) after++;
  moment.fractionStart = i + 1;
  moment.fractionEnd = after;
  return after > i + 1 ? after : -1;
}

/** Seconds that the zone `Z` or `±HH[[:]mm]`, which fills `bytes[i, end)`, is ahead of UTC; NaN when there is none. */
function readOffset(bytes: Uint8Array, i: number, end: number): number {
  if (i === end || (bytes[i] === CAPITAL_Z && i + 1 === end)) return 0;
  if (bytes[i] !== PLUS && bytes[i] !== MINUS) return NaN;
  const hours = two(bytes, i + 1, end);
  const minutesAt = bytes[i + 3] === COLON ? i + 4 : i + 3;
  const minutes = i + 3 === end ? 0 : two(bytes, minutesAt, end);
  if (!(hours <= 23 && minutes <= 59) || (i + 3 !== end && minutesAt + 2 !== end)) return NaN;
  return (bytes[i] === MINUS ? -1 : 1) * (hours * 3600 + minutes * 60);
}

/** Reads `yyyy-MM-dd` into `moment`, midnight UTC; false when the cell is no date of the years 1 to 9999. */
export function readDate(bytes: Uint8Array, start: number, end: number): boolean {
  moment.seconds = end - start === 10 ? readDays(bytes, start, end) * DAY : NaN;
  moment.fractionStart = moment.fractionEnd = end;
  moment.offset = 0;
  return !Number.isNaN(moment.seconds);
}

/**
 * Reads a date-time (`yyyy-MM-dd[T ]HH:mm:ss[.fraction][zone]`, no zone is UTC; a date alone is its midnight) into `moment`.
 * False when the cell is none, or when it lies outside of the years 1 to 9999 in UTC.
 */
export function readDateTime(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start === 10) return readDate(bytes, start, end);
  const days = readDays(bytes, start, end);
  if (bytes[start + 10] !== CAPITAL_T && bytes[start + 10] !== SPACE) return false;
  const seconds = readSeconds(bytes, start + 11, end);
  const zone = readFraction(bytes, start + 19, end);
  if (zone < 0) return false;
  moment.offset = readOffset(bytes, zone, end);
  moment.seconds = days * DAY + seconds - moment.offset;
  return moment.seconds >= FIRST && moment.seconds < AFTER_LAST;
}

/** True when the cell is a time of day, `HH:mm:ss[.fraction]`. */
export function isTime(bytes: Uint8Array, start: number, end: number): boolean {
  return !Number.isNaN(readSeconds(bytes, start, end)) && readFraction(bytes, start + 8, end) === end;
}

/** Milliseconds since 1970 of `moment`, digits below them cut. */
export function milliseconds(bytes: Uint8Array): number {
  let fraction = 0;
  for (let i = moment.fractionStart; i < moment.fractionStart + 3; i++)
    fraction = fraction * 10 + (i < moment.fractionEnd ? bytes[i]! - ZERO : 0);
  return moment.seconds * 1000 + fraction;
}

/** True when `moment` has digits below a millisecond that are not zero. */
export function hasFinerDigits(bytes: Uint8Array): boolean {
  for (let i = moment.fractionStart + 3; i < moment.fractionEnd; i++) if (bytes[i] !== ZERO) return true;
  return false;
}
