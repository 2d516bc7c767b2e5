/** The polynomial of CRC-32, its highest power in the lowest bit as in all that follows. */
const polynomial = 0xedb88320;
const one = 0x80000000;

/** The product of two polynomials modulo that of CRC-32 (zlib, `multmodp`). */
function product(a: number, b: number): number {
  let sum = 0;
  let shifted = b;
  for (let power = one; power !== 0; power >>>= 1) {
    if ((a & power) !== 0) sum ^= shifted;
    shifted = (shifted & 1) === 0 ? shifted >>> 1 : (shifted >>> 1) ^ polynomial;
  }
  return sum >>> 0;
}

/** x to the power of 8 × `bytes`: what a sum is multiplied with when so many bytes follow. */
function powerOf(bytes: number): number {
  let power = one;
  let square = 0x00800000; // x⁸
  for (let left = bytes; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) power = product(power, square);
    square = product(square, square);
  }
  return power;
}

/**
 * The CRC-32 of the last `length` bytes of something whose CRC-32 is `whole`, where that of all before them is `before`. So a sum
 * that is taken anyhow tells the sums of pieces.
 */
export function crc32OfEnd(before: number, whole: number, length: number): number {
  return (whole ^ product(powerOf(length), before)) >>> 0;
}
