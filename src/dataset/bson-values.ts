import { readBoolean } from './boolean-text.ts';
import { ESCAPED } from './cell-index.ts';
import { hasFinerDigits, isTime, milliseconds, readDate, readDateTime } from './date-text.ts';
import type { ColumnType } from './dataset.ts';
import { readDecimal, writeDecimal128 } from './decimal-text.ts';
import { copyBytes, type DocumentOutput } from './document-output.ts';
import { REFUSED, TOO_FINE } from './encode-rows.ts';
import { long, readLong } from './long-text.ts';
import { readDouble } from './number-text.ts';

const QUOTE = 0x22;
const TWO_32 = 2 ** 32;

/** Type bytes of BSON (bsonspec.org 1.1). */
export const BSON_STRING = 0x02;
export const BSON_NULL = 0x0a;

/** Writes the value of the cell `bytes[start, end)` at `at`; answers the offset after it, REFUSED or TOO_FINE. */
export type CellWriter = (
  bytes: Uint8Array,
  start: number,
  end: number,
  flags: number,
  out: DocumentOutput,
  at: number,
) => number;

const writeString: CellWriter = (bytes, start, end, flags, out, at) => {
  let to = at + 4;
  if ((flags & ESCAPED) === 0) to = copyBytes(bytes, start, end, out.bytes, to);
  else
    for (let i = start; i < end; i++) {
      if (bytes[i] === QUOTE) i++;
      out.bytes[to++] = bytes[i]!;
    }
  out.bytes[to++] = 0;
  out.view.setInt32(at, to - at - 4, true);
  return to;
};

const writeTime: CellWriter = (bytes, start, end, flags, out, at) =>
  isTime(bytes, start, end) ? writeString(bytes, start, end, flags, out, at) : REFUSED;

const writeLong: CellWriter = (bytes, start, end, _flags, out, at) => {
  if (!readLong(bytes, start, end)) return REFUSED;
  out.view.setUint32(at, long.low, true);
  out.view.setUint32(at + 4, long.high, true);
  return at + 8;
};

const writeDouble: CellWriter = (bytes, start, end, _flags, out, at) => {
  const value = readDouble(bytes, start, end);
  if (Number.isNaN(value)) return REFUSED;
  out.view.setFloat64(at, value, true);
  return at + 8;
};

const writeDecimal: CellWriter = (bytes, start, end, _flags, out, at) => {
  if (!readDecimal(bytes, start, end)) return REFUSED;
  writeDecimal128(out.view, at);
  return at + 16;
};

function writeMilliseconds(value: number, out: DocumentOutput, at: number): number {
  const high = Math.floor(value / TWO_32);
  out.view.setUint32(at, value - high * TWO_32, true);
  out.view.setInt32(at + 4, high, true);
  return at + 8;
}

const writeDate: CellWriter = (bytes, start, end, _flags, out, at) =>
  readDate(bytes, start, end) ? writeMilliseconds(milliseconds(bytes), out, at) : REFUSED;

const writeDateTime: CellWriter = (bytes, start, end, _flags, out, at) => {
  if (!readDateTime(bytes, start, end)) return REFUSED;
  if (hasFinerDigits(bytes)) out.truncated++;
  return writeMilliseconds(milliseconds(bytes), out, at);
};

/** The writer of a DATETIME that refuses digits below a millisecond. */
export const strictDateTime: CellWriter = (bytes, start, end, flags, out, at) => {
  const to = writeDateTime(bytes, start, end, flags, out, at);
  return to !== REFUSED && hasFinerDigits(bytes) ? TOO_FINE : to;
};

const writeBoolean: CellWriter = (bytes, start, end, _flags, out, at) => {
  const value = readBoolean(bytes, start, end);
  if (value < 0) return REFUSED;
  out.bytes[at] = value;
  return at + 1;
};

/** The BSON type of each column type, and its writer. */
export const BSON_TYPES: Readonly<Record<ColumnType, { readonly type: number; readonly write: CellWriter }>> =
  {
    STRING: { type: BSON_STRING, write: writeString },
    TIME: { type: BSON_STRING, write: writeTime },
    LONG: { type: 0x12, write: writeLong },
    DOUBLE: { type: 0x01, write: writeDouble },
    DECIMAL: { type: 0x13, write: writeDecimal },
    DATE: { type: 0x09, write: writeDate },
    DATETIME: { type: 0x09, write: writeDateTime },
    BOOLEAN: { type: 0x08, write: writeBoolean },
  };
