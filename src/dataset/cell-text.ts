import { type CellIndex, ESCAPED, QUOTED } from './cell-index.ts';

const BACKSLASH = 0x5c;
const CAPITAL_N = 0x4e;

/** The same bytes as a Buffer, for its native searches and decoders. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** The text of the cell `bytes[start, end)`, doubled quotes undone; null is not told apart. */
export function cellText(bytes: Uint8Array, start: number, end: number, flags: number): string {
  const text = asBuffer(bytes).toString('utf8', start, end);
  return (flags & ESCAPED) === 0 ? text : text.replaceAll('""', '"');
}

/**
 * True when a cell is null: unquoted and empty, unquoted `\N`, or, in a column that is not text (`isText` false),
 * quoted and empty.
 */
export function isNullCell(bytes: Uint8Array, index: CellIndex, cell: number, isText: boolean): boolean {
  const start = index.starts[cell]!;
  const length = index.ends[cell]! - start;
  if (length === 0) return !isText || (index.flags[cell]! & QUOTED) === 0;
  return (
    length === 2 && bytes[start] === BACKSLASH && bytes[start + 1] === CAPITAL_N && index.flags[cell] === 0
  );
}
