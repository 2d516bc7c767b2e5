// Numbers as they stand in cells: src/dataset/{long,number,decimal}-text.ts in other words.

import { scaledByFives } from './double';

const ZEROS: u64 = 0x3030303030303030;
const HIGH_NIBBLES: u64 = 0xf0f0f0f0f0f0f0f0;
/** No whole number of 19 digits is as large. */
export const NO_NUMBER: u64 = u64.MAX_VALUE;

const MAX_DIGITS: u32 = 34;
const MIN_EXPONENT: i32 = -6176;
const MAX_EXPONENT: i32 = 6111;

/** Powers of ten that a double holds exactly. */
const POWERS = memory.data<f64>([
  1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
  1e20, 1e21, 1e22,
]);

/** Eight characters as a number, the first in the lowest byte; NO_NUMBER when there are others than digits. */
export function eightDigits(characters: u64): u64 {
  const sixes = ((characters + 0x0606060606060606) & HIGH_NIBBLES) >> 4;
  if (((characters & HIGH_NIBBLES) | sixes) !== 0x3333333333333333) return NO_NUMBER;
  // Pairs, then fours, then all eight: each multiplication adds neighbours at their weights.
  const digits = characters - ZEROS;
  const pairs = digits * 10 + (digits >> 8);
  const low = (pairs & 0x000000ff000000ff) * 0x000f424000000064;
  const high = ((pairs >> 16) & 0x000000ff000000ff) * 0x0000271000000001;
  return (low + high) >> 32;
}

/** 1 to 19 digits as a number; NO_NUMBER when something else is among them. Reads up to 8 bytes beyond. */
function digits(from: usize, count: u32): u64 {
  if (count <= 8) {
    const missing = (8 - count) << 3;
    const zeros = missing === 0 ? 0 : ZEROS >> (64 - missing);
    return eightDigits((load<u64>(from) << missing) | zeros);
  }
  const low = eightDigits(load<u64>(from + count - 8));
  const high = digits(from, count - 8);
  return low === NO_NUMBER || high === NO_NUMBER ? NO_NUMBER : high * 100_000_000 + low;
}

/** Parts of the number that `readNumber` read last. */
export let negative: bool = false;
export let wholeStart: usize = 0;
export let wholeEnd: usize = 0;
export let fractionStart: usize = 0;
export let fractionEnd: usize = 0;
export let exponentStart: usize = 0;
/** The whole number that `readLong` read last, without its sign. */
export let unsigned: u64 = 0;
let exponent: i32 = 0;
/** All digits as one number, right when there are at most 19. */
let mantissa: u64 = 0;
let digitCount: u32 = 0;

/** Reads a whole number of 64 bits into `unsigned`, `negative` and `wholeStart`; false when the cell is none. */
export function readLong(from: usize, end: usize): bool {
  const sign = load<u8>(from);
  negative = sign === 0x2d;
  wholeStart = sign === 0x2d || sign === 0x2b ? from + 1 : from;
  const count = <u32>(end - wholeStart);
  if (count - 1 >= 19) return false;
  unsigned = digits(wholeStart, count);
  return unsigned !== NO_NUMBER && unsigned <= <u64>i64.MAX_VALUE + <u64>negative;
}

function digitsEnd(from: usize, end: usize): usize {
  let i = from;
  let value = mantissa;
  for (; i < end; i++) {
    const digit = <u32>load<u8>(i) - 0x30;
    if (digit > 9) break;
    value = value * 10 + digit;
  }
  mantissa = value;
  return i;
}

/** Reads `e+12` up to the cell's end. */
function readExponent(from: usize, end: usize): bool {
  if ((load<u8>(from) | 0x20) !== 0x65) return false;
  const sign = load<u8>(from + 1);
  let i = sign === 0x2d || sign === 0x2b ? from + 2 : from + 1;
  if (i >= end) return false;
  let value: i32 = 0;
  for (; i < end; i++) {
    const digit = <u32>load<u8>(i) - 0x30;
    if (digit > 9) return false;
    if (value < 1_000_000) value = value * 10 + digit;
  }
  exponent = sign === 0x2d ? -value : value;
  return true;
}

/** Finds the parts of a decimal number, exponent allowed; false when the cell is none. */
export function readNumber(from: usize, end: usize): bool {
  const sign = load<u8>(from);
  negative = sign === 0x2d;
  wholeStart = sign === 0x2d || sign === 0x2b ? from + 1 : from;
  mantissa = 0;
  exponent = 0;
  let i = digitsEnd(wholeStart, end);
  wholeEnd = fractionStart = fractionEnd = i;
  if (i < end && load<u8>(i) === 0x2e) {
    fractionStart = i + 1;
    fractionEnd = i = digitsEnd(fractionStart, end);
  }
  exponentStart = i;
  digitCount = <u32>(wholeEnd - wholeStart + fractionEnd - fractionStart);
  if (digitCount === 0) return false;
  return i === end || readExponent(i, end);
}

/** The double nearest to the number read last; NaN where that is left to the reference. */
export function nearestDouble(): f64 {
  if (digitCount > 19) return NaN;
  const power = exponent - <i32>(fractionEnd - fractionStart);
  let value = <f64>mantissa;
  if (mantissa !== 0) {
    if (mantissa >= (<u64>1) << 53 || power < -22 || power > 22) value = scaledByFives(mantissa, power);
    else if (power < 0) value /= load<f64>(POWERS + ((<usize>-power) << 3));
    else value *= load<f64>(POWERS + ((<usize>power) << 3));
  }
  return negative ? -value : value;
}

/** True when the number read last is surely zero or within the reach of a double, whatever its digits are. */
export function surelyDouble(): bool {
  const magnitude = exponent + <i32>(wholeEnd - wholeStart);
  const leadingZeros = <i32>digitCount;
  return (digitCount <= 19 && mantissa === 0) || (magnitude < 300 && magnitude - leadingZeros > -300);
}

/** The number read last as a whole number of 128 bits, and its exponent as a Decimal128 has it. */
export let low: u64 = 0;
export let high: u64 = 0;
export let scale: u32 = 0;

/** Appends digits to the whole number; answers how many count now, leading zeros being none. */
function addDigits(from: usize, end: usize, before: u32): u32 {
  let count = before;
  for (let i = from; i < end; i++) {
    const digit = <u64>load<u8>(i) - 0x30;
    if (count === 0 && digit === 0) continue;
    if (++count > MAX_DIGITS) break;
    const lower = (low & 0xffffffff) * 10 + digit;
    const upper = (low >> 32) * 10 + (lower >> 32);
    low = (upper << 32) | (lower & 0xffffffff);
    high = high * 10 + (upper >> 32);
  }
  return count;
}

/** Makes a Decimal128's parts of the number read last; false when it does not fit as it stands. */
export function readDecimal(): bool {
  const power = exponent - <i32>(fractionEnd - fractionStart);
  if (power < MIN_EXPONENT || power > MAX_EXPONENT) return false;
  scale = <u32>(power - MIN_EXPONENT);
  low = mantissa;
  high = 0;
  if (digitCount <= 19) return true;
  low = 0;
  return addDigits(fractionStart, fractionEnd, addDigits(wholeStart, wholeEnd, 0)) <= MAX_DIGITS;
}
