import { BLOCK, ends, flags, starts } from './layout';

const QUOTED: u32 = 1;
const ESCAPED: u32 = 2;
/** `\N` */
const NULL_MARK: u16 = 0x4e5c;

/** The cell that was looked at last: addresses of its first byte and after its last. */
export let start: usize = 0;
export let end: usize = 0;
let flag: u32 = 0;

/** Looks at a cell; answers whether it is null. */
export function lookAtCell(entry: u32, isText: bool): bool {
  const offset = load<u32>(starts + (entry << 2));
  start = BLOCK + offset;
  end = BLOCK + load<u32>(ends + (entry << 2));
  flag = load<u8>(flags + entry);
  const length = end - start;
  if (length === 0) return !isText || (flag & QUOTED) === 0;
  return length === 2 && flag === 0 && load<u16>(start) === NULL_MARK;
}

/** True when doubled quotes stand in it. */
export function isEscaped(): bool {
  return (flag & ESCAPED) !== 0;
}

/** Reads `true` or `false` in any case: 1, 0, or -1 when the cell is neither. */
export function readBoolean(): i32 {
  const length = end - start;
  const word = load<u32>(start) | 0x20202020;
  if (length === 4 && word === 0x65757274) return 1;
  const isFalse = length === 5 && word === 0x736c6166 && (load<u8>(start + 4) | 0x20) === 0x65;
  return isFalse ? 0 : -1;
}
