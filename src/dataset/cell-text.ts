import { type CellIndex, ESCAPED, QUOTED } from './cell-index.ts';

const BACKSLASH = 0x5c;
const CAPITAL_N = 0x4e;

/** The same bytes as a Buffer, for its native searches and decoders. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** The text of the cell `bytes[start, end)`, doubled quotes undone; null is not told apart. */
export function cellText(bytes: Buffer, start: number, end: number, flags: number): string {
  const text = bytes.toString('utf8', start, end);
  return (flags & ESCAPED) === 0 ? text : text.replaceAll('""', '"');
}

/** At most 40 characters of a text, fit to be shown: no control characters, which a terminal might obey. */
export function excerpt(text: string): string {
  const shown = text.length > 40 ? `${text.slice(0, 39)}…` : text;
  return shown.toWellFormed().replaceAll(/\p{Cc}/gu, ' ');
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
