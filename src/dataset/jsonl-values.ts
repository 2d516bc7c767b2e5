import { readBoolean } from './boolean-text.ts';
import type { CellWriter } from './bson-values.ts';
import { ESCAPED } from './cell-index.ts';
import { isTime, moment, readDate, readDateTime } from './date-text.ts';
import type { ColumnType } from './dataset.ts';
import { readDecimal } from './decimal-text.ts';
import { copyBytes, type DocumentOutput } from './document-output.ts';
import { REFUSED } from './encode-rows.ts';
import { long, readLong } from './long-text.ts';
import { number, readDouble } from './number-text.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const MINUS = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;
const CAPITAL_T = 0x54;
const CAPITAL_Z = 0x5a;

/** How a byte is written in a JSON string, where it is not written as it is. */
const ESCAPES: readonly (Uint8Array | undefined)[] = Array.from({ length: 256 }, (_, byte) =>
  byte < 0x20 || byte === QUOTE || byte === BACKSLASH
    ? Buffer.from(JSON.stringify(String.fromCharCode(byte)).slice(1, -1))
    : undefined,
);
/** 1 for each byte that a JSON string cannot hold as it is. */
export const NEEDS_ESCAPE = Uint8Array.from(ESCAPES, (escape) => (escape === undefined ? 0 : 1));
const TRUE = Buffer.from('true');
const FALSE = Buffer.from('false');

const writeString: CellWriter = (bytes, start, end, flags, out, at) => {
  const doubled = (flags & ESCAPED) !== 0;
  const target = out.bytes;
  target[at++] = QUOTE;
  for (let i = start; i < end; i++) {
    const byte = bytes[i]!;
    if (NEEDS_ESCAPE[byte] === 0) target[at++] = byte;
    else {
      const escape = ESCAPES[byte]!;
      at = copyBytes(escape, 0, escape.length, target, at);
      if (doubled && byte === QUOTE) i++;
    }
  }
  target[at++] = QUOTE;
  return at;
};

const writeTime: CellWriter = (bytes, start, end, flags, out, at) =>
  isTime(bytes, start, end) ? writeString(bytes, start, end, flags, out, at) : REFUSED;

const writeLong: CellWriter = (bytes, start, end, _flags, out, at) => {
  if (!readLong(bytes, start, end)) return REFUSED;
  if (long.negative && (long.low !== 0 || long.high !== 0)) out.bytes[at++] = MINUS;
  return copyBytes(bytes, long.first, end, out.bytes, at);
};

/** Writes the number that was read last in the form of JSON, its digits as they stand. */
function writeNumber(bytes: Uint8Array, end: number, { bytes: target }: DocumentOutput, at: number): number {
  const { negative, wholeStart, wholeEnd, fractionStart, fractionEnd, exponentStart } = number;
  let first = wholeStart;
  while (first < wholeEnd - 1 && bytes[first] === ZERO) first++;
  if (negative) target[at++] = MINUS;
  if (first === wholeEnd) target[at++] = ZERO;
  at = copyBytes(bytes, first, wholeEnd, target, at);
  if (fractionEnd > fractionStart) {
    target[at++] = DOT;
    at = copyBytes(bytes, fractionStart, fractionEnd, target, at);
  }
  return copyBytes(bytes, exponentStart, end, target, at);
}

const writeDouble: CellWriter = (bytes, start, end, _flags, out, at) =>
  Number.isNaN(readDouble(bytes, start, end)) ? REFUSED : writeNumber(bytes, end, out, at);

const writeDecimal: CellWriter = (bytes, start, end, _flags, out, at) =>
  readDecimal(bytes, start, end) ? writeNumber(bytes, end, out, at) : REFUSED;

const writeDate: CellWriter = (bytes, start, end, flags, out, at) =>
  readDate(bytes, start, end) ? writeString(bytes, start, end, flags, out, at) : REFUSED;

/** `yyyy-MM-ddTHH:mm:ss` in UTC: the cell's own digits, unless a zone moves them or the time of day is missing. */
function writeSeconds(bytes: Uint8Array, start: number, end: number, target: Uint8Array, at: number): number {
  if (moment.offset === 0 && end - start > 10) {
    copyBytes(bytes, start, start + 19, target, at);
    target[at + 10] = CAPITAL_T;
    return at + 19;
  }
  const text = Buffer.from(new Date(moment.seconds * 1000).toISOString());
  return copyBytes(text, 0, 19, target, at);
}

const writeDateTime: CellWriter = (bytes, start, end, _flags, { bytes: target }, at) => {
  if (!readDateTime(bytes, start, end)) return REFUSED;
  target[at] = QUOTE;
  let to = writeSeconds(bytes, start, end, target, at + 1);
  if (moment.fractionEnd > moment.fractionStart)
    to = copyBytes(bytes, moment.fractionStart - 1, moment.fractionEnd, target, to);
  target[to] = CAPITAL_Z;
  target[to + 1] = QUOTE;
  return to + 2;
};

const writeBoolean: CellWriter = (bytes, start, end, _flags, out, at) => {
  const value = readBoolean(bytes, start, end);
  if (value < 0) return REFUSED;
  const word = value === 1 ? TRUE : FALSE;
  return copyBytes(word, 0, word.length, out.bytes, at);
};

/** The writer of each column type as JSON: numbers as numbers with all their digits, dates and times as text. */
export const JSON_WRITERS: Readonly<Record<ColumnType, CellWriter>> = {
  STRING: writeString,
  TIME: writeTime,
  LONG: writeLong,
  DOUBLE: writeDouble,
  DECIMAL: writeDecimal,
  DATE: writeDate,
  DATETIME: writeDateTime,
  BOOLEAN: writeBoolean,
};
