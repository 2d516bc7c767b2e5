// Dates and times as they stand in cells: src/dataset/date-text.ts in other words.

import { eightDigits, NO_NUMBER } from './number';

const DAY: i64 = 86_400;
/** Seconds from 1970 to the first of January of the years 1 and 10000. */
const FIRST: i64 = -62_135_596_800;
const AFTER_LAST: i64 = 253_402_300_800;
/** More than the seconds of a day. */
const BAD: u32 = 0x20000;

/** What was read last: seconds since 1970 in UTC, seconds that the zone is ahead, and where the fraction's digits stand. */
export let seconds: i64 = 0;
export let offset: i32 = 0;
export let fractionStart: usize = 0;
export let fractionEnd: usize = 0;

/** Two digits; at least BAD when they are none. */
function two(at: usize): u32 {
  const tens = <u32>load<u8>(at) - 0x30;
  const ones = <u32>load<u8>(at + 1) - 0x30;
  return tens <= 9 && ones <= 9 ? tens * 10 + ones : BAD;
}

function monthDays(year: u32, month: u32): u32 {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return 30 + ((month + (month >> 3)) & 1);
}

/** Days since 1970 of a date of the Gregorian calendar (Hinnant's days_from_civil for positive years). */
function daysSince1970(year: u32, month: u32, day: u32): i64 {
  const y = month <= 2 ? year - 1 : year;
  const m = month > 2 ? month - 3 : month + 9;
  return <i64>(y * 365 + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1) - 719_468;
}

/** Reads `yyyy-MM-dd`; false when there is no date of the years 1 to 9999. */
function readDays(at: usize): bool {
  // The dashes become zeros: yyyy0MM0 is left.
  const value = eightDigits(load<u64>(at) ^ 0x1d00001d00000000);
  if (value === NO_NUMBER) return false;
  const rest = <u32>(value % 10_000);
  const year = <u32>(value / 10_000);
  const month = rest / 10;
  const day = two(at + 8);
  if (year === 0 || month - 1 >= 12 || rest % 10 !== 0 || day - 1 >= monthDays(year, month)) return false;
  seconds = daysSince1970(year, month, day) * DAY;
  return true;
}

/** Seconds of the day of `HH:mm:ss`; at least BAD when there is no time of day. */
function secondsOfDay(at: usize): u32 {
  // The colons become zeros: HH0mm0ss is left.
  const value = eightDigits(load<u64>(at) ^ 0x00000a00000a0000);
  if (value === NO_NUMBER) return BAD;
  const rest = <u32>(value % 1_000_000);
  const hour = <u32>(value / 1_000_000);
  const minute = rest / 1000;
  const second = rest % 1000;
  return hour < 24 && minute < 60 && second < 60 ? hour * 3600 + minute * 60 + second : BAD;
}

/** Notes the `.123` at `at`, if there is one. Answers the address after it; 0 for a point without digits. */
function readFraction(at: usize, end: usize): usize {
  fractionStart = fractionEnd = at;
  if (at >= end || load<u8>(at) !== 0x2e) return at;
  let after = at + 1;
  while (after < end && <u32>load<u8>(after) - 0x30 <= 9) after++;
  fractionStart = at + 1;
  fractionEnd = after;
  return after > at + 1 ? after : 0;
}

/** Reads the zone `Z` or `±HH[[:]mm]` that fills `[at, end)`; false when there is none. */
function readOffset(at: usize, end: usize): bool {
  offset = 0;
  if (at === end) return true;
  const sign = load<u8>(at);
  const length = <u32>(end - at);
  if (sign === 0x5a) return length === 1;
  if ((sign !== 0x2b && sign !== 0x2d) || length < 3 || length > 6 || length === 4) return false;
  if (length === 6 && load<u8>(at + 3) !== 0x3a) return false;
  const hours = two(at + 1);
  const minutes = length === 3 ? 0 : two(end - 2);
  if (hours > 23 || minutes > 59) return false;
  offset = <i32>(hours * 3600 + minutes * 60);
  if (sign === 0x2d) offset = -offset;
  return true;
}

export function readDate(from: usize, end: usize): bool {
  fractionStart = fractionEnd = end;
  offset = 0;
  return end - from === 10 && readDays(from);
}

/** Reads a date-time; a date alone is its midnight. False also for what lies outside of the years 1 to 9999 in UTC. */
export function readDateTime(from: usize, end: usize): bool {
  const length = end - from;
  if (length === 10) return readDate(from, end);
  if (length < 19 || !readDays(from)) return false;
  const between = load<u8>(from + 10);
  const time = secondsOfDay(from + 11);
  const zone = readFraction(from + 19, end);
  if ((between !== 0x54 && between !== 0x20) || time >= BAD || zone === 0 || !readOffset(zone, end))
    return false;
  seconds += <i64>time - <i64>offset;
  return seconds >= FIRST && seconds < AFTER_LAST;
}

export function isTime(from: usize, end: usize): bool {
  return end - from >= 8 && secondsOfDay(from) < BAD && readFraction(from + 8, end) === end;
}

function writeTwo(to: usize, value: u32): void {
  store<u16>(to, <u16>(0x3030 + value / 10 + ((value % 10) << 8)));
}

/** Writes what was read last as the 19 characters `yyyy-MM-ddTHH:mm:ss`, in UTC (Hinnant's civil_from_days). */
export function writeSeconds(to: usize): void {
  // From the first of March of the year 0 on nothing is negative.
  const all = <u64>(seconds + 719_468 * DAY);
  const days = <u32>(all / 86_400);
  const second = <u32>(all % 86_400);
  const era = days / 146_097;
  const dayOfEra = days % 146_097;
  const yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365;
  const dayOfYear = dayOfEra - (yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100);
  const m = (5 * dayOfYear + 2) / 153;
  const month = m < 10 ? m + 3 : m - 9;
  const year = era * 400 + yearOfEra + <u32>(month <= 2);
  writeTwo(to, year / 100);
  writeTwo(to + 2, year % 100);
  store<u8>(to + 4, 0x2d);
  writeTwo(to + 5, month);
  store<u8>(to + 7, 0x2d);
  writeTwo(to + 8, dayOfYear - (153 * m + 2) / 5 + 1);
  store<u8>(to + 10, 0x54);
  writeTwo(to + 11, second / 3600);
  store<u8>(to + 13, 0x3a);
  writeTwo(to + 14, (second / 60) % 60);
  store<u8>(to + 16, 0x3a);
  writeTwo(to + 17, second % 60);
}

/** Milliseconds since 1970 of what was read last, finer digits cut. */
export function milliseconds(): i64 {
  let fraction: u32 = 0;
  for (let i = fractionStart; i < fractionStart + 3; i++)
    fraction = fraction * 10 + (i < fractionEnd ? <u32>load<u8>(i) - 0x30 : 0);
  return seconds * 1000 + fraction;
}

/** True when there are digits below a millisecond that are not zero. */
export function hasFinerDigits(): bool {
  for (let i = fractionStart + 3; i < fractionEnd; i++) if (load<u8>(i) !== 0x30) return true;
  return false;
}
