const MINUS = 0x2d;
const PLUS = 0x2b;
const ZERO = 0x30;
const TWO_32 = 2 ** 32;

/** What `readLong` found. One object, reused: a value lives until the next call. */
export const long = {
  negative: false,
  /** Offset of the first digit that is not a leading zero; of the last digit when all are zeros. */
  first: 0,
  /** The two's complement of 64 bits. */
  low: 0,
  high: 0,
};

/** The digits `bytes[from, to)` as a number; NaN when something else is among them. At most 15 digits are exact. */
function digits(bytes: Uint8Array, from: number, to: number): number {
  let value = 0;
  for (let i = from; i < to; i++) {
    const digit = bytes[i]! - ZERO;
    if (digit < 0 || digit > 9) return NaN;
    value = value * 10 + digit;
  }
  return value;
}

/** Sets `long` to `high * 10⁹ + low`; false beyond 64 bits. Both parts are whole, `high` has at most 10 digits. */
function setMagnitude(high: number, low: number): boolean {
  // 10⁹ times a number of 34 bits does not fit a double: in two pieces of 16 and 18 bits it does.
  const upper = Math.floor(high / 65_536) * 1e9;
  const lower = (upper % 65_536) * 65_536 + (high % 65_536) * 1e9 + low;
  long.low = lower % TWO_32;
  long.high = Math.floor(upper / 65_536) + Math.floor(lower / TWO_32);
  if (long.high < 0x8000_0000) return true;
  return long.negative && long.high === 0x8000_0000 && long.low === 0;
}

/** Reads a whole number of 64 bits into `long`; false when the cell is none. */
export function readLong(bytes: Uint8Array, start: number, end: number): boolean {
  const sign = bytes[start];
  long.negative = sign === MINUS;
  let i = sign === MINUS || sign === PLUS ? start + 1 : start;
  if (i >= end) return false;
  while (i < end - 1 && bytes[i] === ZERO) i++;
  long.first = i;
  if (end - i > 19) return false;
  const middle = Math.max(i, end - 9);
  const high = digits(bytes, i, middle);
  const low = digits(bytes, middle, end);
  if (Number.isNaN(high) || Number.isNaN(low) || !setMagnitude(high, low)) return false;
  if (long.negative) {
    long.high = (~long.high + (long.low === 0 ? 1 : 0)) >>> 0;
    long.low = -long.low >>> 0;
  }
  return true;
}
