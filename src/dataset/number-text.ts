import { asBuffer } from './cell-text.ts';

const MINUS = 0x2d;
const PLUS = 0x2b;
const DOT = 0x2e;
const ZERO = 0x30;
const SMALL_E = 0x65;
const CAPITAL_E = 0x45;

/** Where the parts of a number stand. One object, reused: a value lives until the next `readNumber`. */
export const number = {
  negative: false,
  wholeStart: 0,
  wholeEnd: 0,
  fractionStart: 0,
  fractionEnd: 0,
  /** Offset of the `e`; the end of the cell when there is none. */
  exponentStart: 0,
  /** Stops growing at some million: no such number fits any type. */
  exponent: 0,
};

/** Powers of ten that a double holds exactly. */
const POWERS = Array.from({ length: 23 }, (_, power) => Number(`1e${power}`));

function afterDigits(bytes: Uint8Array, from: number, end: number): number {
  let i = from;
  while (i < end && bytes[i]! >= ZERO && bytes[i]! <= ZERO + 9) i++;
  return i;
}

/** Reads `e+12` at `from` up to the end of the cell; false when it is something else. */
function readExponent(bytes: Uint8Array, from: number, end: number): boolean {
  if (bytes[from] !== SMALL_E && bytes[from] !== CAPITAL_E) return false;
  const sign = from + 1 < end ? bytes[from + 1] : 0;
  const digits = sign === MINUS || sign === PLUS ? from + 2 : from + 1;
  if (digits >= end || afterDigits(bytes, digits, end) !== end) return false;
  let value = 0;
  for (let i = digits; i < end && value < 1e6; i++) value = value * 10 + bytes[i]! - ZERO;
  number.exponent = sign === MINUS ? -value : value;
  return true;
}

/** Finds the parts of a decimal number, exponent allowed; false when the cell is none. `NaN` and `Infinity` are none. */
export function readNumber(bytes: Uint8Array, start: number, end: number): boolean {
  const sign = start < end ? bytes[start] : 0;
  number.negative = sign === MINUS;
  const whole = sign === MINUS || sign === PLUS ? start + 1 : start;
  let i = afterDigits(bytes, whole, end);
  number.wholeStart = whole;
  number.wholeEnd = i;
  number.fractionStart = number.fractionEnd = i;
  if (i < end && bytes[i] === DOT) {
    number.fractionStart = i + 1;
    number.fractionEnd = i = afterDigits(bytes, i + 1, end);
  }
  number.exponentStart = i;
  number.exponent = 0;
  if (number.wholeEnd === whole && number.fractionEnd === number.fractionStart) return false;
  return i === end || readExponent(bytes, i, end);
}

/** The digits of the last `readNumber` as one whole number: exact below 2⁵³, at least 2⁵³ when it is not. */
function mantissa(bytes: Uint8Array): number {
  const { wholeStart, wholeEnd, fractionStart, fractionEnd } = number;
  let value = 0;
  for (let i = wholeStart; i < wholeEnd; i++) value = value * 10 + bytes[i]! - ZERO;
  for (let i = fractionStart; i < fractionEnd; i++) value = value * 10 + bytes[i]! - ZERO;
  return value;
}

/**
 * The double nearest to the cell; NaN when the cell is no number or beyond what a double can hold (also when a value that
 * is not zero would become zero). Exact: two exact doubles multiplied or divided round once (Clinger's fast path);
 * everything else is left to `Number()`.
 */
export function readDouble(bytes: Uint8Array, start: number, end: number): number {
  if (!readNumber(bytes, start, end)) return NaN;
  const digits = mantissa(bytes);
  const power = number.exponent - (number.fractionEnd - number.fractionStart);
  if (digits === 0) return number.negative ? -0 : 0;
  if (digits < 2 ** 53 && power >= -22 && power <= 22) {
    const value = power < 0 ? digits / POWERS[-power]! : digits * POWERS[power]!;
    return number.negative ? -value : value;
  }
  const value = Number(asBuffer(bytes.subarray(start, end)).toString('latin1'));
  return value === 0 || !Number.isFinite(value) ? NaN : value;
}
