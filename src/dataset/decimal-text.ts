import { number, readNumber } from './number-text.ts';

const ZERO = 0x30;
/** Digits and exponents of an IEEE 754 decimal of 128 bits. */
const MAX_DIGITS = 34;
const MIN_EXPONENT = -6176;
const MAX_EXPONENT = 6111;
const TWO_32 = 2 ** 32;

/** What `readDecimal` found: `digits[0, count)` × 10^exponent. One object, reused: a value lives until the next call. */
export const decimal = {
  negative: false,
  digits: new Uint8Array(MAX_DIGITS),
  /** Significant digits; 0 for zero. */
  count: 0,
  exponent: 0,
  /** Zeros seen since the last digit that was kept, when there was no room for them. */
  dropped: 0,
};

/** Adds digits; false when there are too many. Zeros beyond the last place are dropped: the exponent grows instead. */
function addDigits(bytes: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) {
    const digit = bytes[i]! - ZERO;
    if (decimal.count < MAX_DIGITS) {
      if (digit !== 0 || decimal.count > 0) decimal.digits[decimal.count++] = digit;
    } else if (digit === 0) decimal.dropped++;
    else return false;
  }
  return true;
}

/** Brings the exponent into its range where that changes no value: by zeros at the end of the digits. */
function fitExponent(): boolean {
  if (decimal.count === 0)
    decimal.exponent = Math.min(Math.max(decimal.exponent, MIN_EXPONENT), MAX_EXPONENT);
  for (; decimal.exponent > MAX_EXPONENT && decimal.count < MAX_DIGITS; decimal.exponent--)
    decimal.digits[decimal.count++] = 0;
  for (
    ;
    decimal.exponent < MIN_EXPONENT && decimal.count > 1 && decimal.digits[decimal.count - 1] === 0;
    decimal.count--
  )
    decimal.exponent++;
  return decimal.exponent <= MAX_EXPONENT && decimal.exponent >= MIN_EXPONENT;
}

/**
 * Reads a decimal number into `decimal`, its scale as written (`1.50` is 150 × 10⁻²). False when the cell is no number, or
 * cannot be held exactly in 34 digits and the exponents of a Decimal128.
 */
export function readDecimal(bytes: Uint8Array, start: number, end: number): boolean {
  if (!readNumber(bytes, start, end)) return false;
  const { wholeStart, wholeEnd, fractionStart, fractionEnd } = number;
  decimal.negative = number.negative;
  decimal.count = 0;
  decimal.dropped = 0;
  if (!addDigits(bytes, wholeStart, wholeEnd) || !addDigits(bytes, fractionStart, fractionEnd)) return false;
  decimal.exponent = number.exponent - (fractionEnd - fractionStart) + decimal.dropped;
  return fitExponent();
}

/** The digits of `decimal` as one whole number in four words of 32 bits, the lowest first. */
const words = new Float64Array(4);

function setSmallWords(): void {
  let value = 0;
  for (let i = 0; i < decimal.count; i++) value = value * 10 + decimal.digits[i]!;
  words[0] = value % TWO_32;
  words[1] = Math.floor(value / TWO_32);
}

function setWords(): void {
  words.fill(0);
  if (decimal.count <= 15) return setSmallWords();
  for (let from = 0; from < decimal.count; from += 6) {
    // A word times 10⁶ stays below 2⁵³.
    const to = Math.min(from + 6, decimal.count);
    let carry = 0;
    for (let i = from; i < to; i++) carry = carry * 10 + decimal.digits[i]!;
    const scale = 10 ** (to - from);
    for (let word = 0; word < 4; word++) {
      const value = words[word]! * scale + carry;
      words[word] = value % TWO_32;
      carry = Math.floor(value / TWO_32);
    }
  }
}

/** Writes `decimal` as the 16 bytes of a BSON Decimal128 (binary integer decimal, little-endian). */
export function writeDecimal128(view: DataView, at: number): void {
  setWords();
  // 34 digits need 113 bits: the exponent takes the 14 above them, the sign the last. The other form (with the leading
  // bits 11) is for significands beyond 34 digits and never needed.
  const top = words[3]! + (decimal.exponent - MIN_EXPONENT) * 2 ** 17 + (decimal.negative ? 2 ** 31 : 0);
  view.setUint32(at, words[0]!, true);
  view.setUint32(at + 4, words[1]!, true);
  view.setUint32(at + 8, words[2]!, true);
  view.setUint32(at + 12, top, true);
}
