// Bytes from here to there.

const QUOTE: u8 = 0x22;
const BACKSLASH: u8 = 0x5c;

/** Copies `length` bytes, and up to 15 more behind them, which the next write covers. */
export function copy(to: usize, from: usize, length: usize): void {
  if (length > 256) return memory.copy(to, from, length);
  for (let i: usize = 0; i < length; i += 16) v128.store(to + i, v128.load(from + i));
}

/** Copies the text of a cell with doubled quotes, of each pair one. Answers the address after it. */
export function copyUndoubled(target: usize, from: usize, end: usize): usize {
  let to = target;
  for (let i = from; i < end; i++) {
    const byte = load<u8>(i);
    store<u8>(to++, byte);
    if (byte === QUOTE) i++;
  }
  return to;
}

/** The letter of each control character's short escape in JSON; 0 where there is none. */
const SHORT_ESCAPES = memory.data<u8>([
  0, 0, 0, 0, 0, 0, 0, 0, 0x62, 0x74, 0x6e, 0, 0x66, 0x72, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0,
]);

/** Writes a character that JSON cannot hold as it is. */
function escape(to: usize, byte: u8): usize {
  store<u8>(to, BACKSLASH);
  const short = byte < 0x20 ? load<u8>(SHORT_ESCAPES + byte) : byte;
  if (short !== 0) {
    store<u8>(to + 1, short);
    return to + 2;
  }
  const low = byte & 15;
  store<u32>(to + 1, 0x30303075); // u000
  store<u8>(to + 4, 0x30 + (byte >> 4));
  store<u8>(to + 5, low < 10 ? 0x30 + low : 0x57 + low);
  return to + 6;
}

/** Writes a text as the inside of a JSON string. `doubled`: of each pair of quotes only one counts. */
export function copyEscaped(target: usize, from: usize, end: usize, doubled: bool): usize {
  const control = i8x16.splat(0x20);
  const quote = i8x16.splat(QUOTE);
  const backslash = i8x16.splat(BACKSLASH);
  let to = target;
  let i = from;
  while (i < end) {
    const bytes = v128.load(i);
    v128.store(to, bytes);
    const special = v128.or(
      i8x16.lt_u(bytes, control),
      v128.or(i8x16.eq(bytes, quote), i8x16.eq(bytes, backslash)),
    );
    const plain = min(<usize>ctz(i8x16.bitmask(special) | 0x10000), end - i);
    i += plain;
    to += plain;
    if (plain === 16 || i >= end) continue;
    const byte = load<u8>(i++);
    to = escape(to, byte);
    if (doubled && byte === QUOTE) i++;
  }
  return to;
}
