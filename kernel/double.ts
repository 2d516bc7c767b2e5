// Eisel and Lemire's way to the nearest double (Lemire, "Number Parsing at a Gigabyte per Second", 2021).
import { FIVES, MOST_FIVES } from './layout';

let productHigh: u64 = 0;
let productLow: u64 = 0;

/** All 128 bits of a product. */
function multiply(a: u64, b: u64): void {
  const aLow = a & 0xffffffff;
  const aHigh = a >> 32;
  const bLow = b & 0xffffffff;
  const bHigh = b >> 32;
  const low = aLow * bLow;
  const middle = aHigh * bLow + (low >> 32);
  const other = aLow * bHigh + (middle & 0xffffffff);
  productHigh = aHigh * bHigh + (middle >> 32) + (other >> 32);
  productLow = (other << 32) | (low & 0xffffffff);
}

/** The highest bits of digits × 5^power; 55 of them are right, the rest may be too small. */
function multiplyByFives(digits: u64, power: i32): void {
  const five = FIVES + ((<usize>(power + MOST_FIVES)) << 4);
  multiply(digits, load<u64>(five));
  if ((productHigh & 0x1ff) !== 0x1ff) return;
  const high = productHigh;
  const low = productLow;
  multiply(digits, load<u64>(five, 8));
  productLow = low + productHigh;
  productHigh = high + <u64>(productLow < low);
}

/** The double nearest to digits × 10^power, digits not 0; NaN where this way does not lead to it. */
export function scaledByFives(digits: u64, power: i32): f64 {
  if (power < -MOST_FIVES || power > MOST_FIVES) return NaN;
  const zeros = clz(digits);
  multiplyByFives(digits << zeros, power);
  // The product of what is below was cut: a carry might come from there.
  if (productLow === u64.MAX_VALUE && (power < -27 || power > 55)) return NaN;
  const top = productHigh >> 63;
  const shift = top + 9;
  let bits = productHigh >> shift;
  // 217706 / 65536 is the binary logarithm of ten, near enough for these powers.
  const binary = ((217_706 * power) >> 16) + 63 + <i32>top - <i32>zeros + 1023;
  // Halfway between two doubles, exactly: only these powers can be. Then the even one is nearest.
  const halfway = productLow <= 1 && power >= -4 && power <= 23 && (bits & 3) === 1;
  if (halfway && bits << shift === productHigh) bits--;
  bits = (bits + (bits & 1)) >> 1;
  // Rounding up may reach the next power of two: its bit is then added to the exponent.
  return reinterpret<f64>(((<u64>binary - 1) << 52) + bits);
}
