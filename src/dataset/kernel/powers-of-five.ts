/** Where kernel/layout.ts has them, and how far they go. */
export const FIVES = 8192;
const MOST_FIVES = 64;

const bitLength = (value: bigint) => BigInt(value.toString(2).length);

/** The highest 128 bits of 5^power, cut; from -27 to -1 one more than that, as Lemire's proof wants them. */
function highestBits(power: number): bigint {
  const five = 5n ** BigInt(Math.abs(power));
  const whole = power < 0 ? (1n << (2n * bitLength(five) + 128n)) / five : five << 128n;
  const cut = whole >> (bitLength(whole) - 128n);
  return power < 0 && power >= -27 ? cut + 1n : cut;
}

let table: BigUint64Array | undefined;

/** Powers of five as the kernel multiplies with them: for each from -64 to 64 two words of 64 bits, the higher first. */
export function powersOfFive(): BigUint64Array {
  return (table ??= BigUint64Array.from({ length: (2 * MOST_FIVES + 1) * 2 }, (_, word) => {
    const bits = highestBits((word >> 1) - MOST_FIVES);
    return BigInt.asUintN(64, word % 2 === 0 ? bits >> 64n : bits);
  }));
}
