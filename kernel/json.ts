import { end, isEscaped, lookAtCell, readBoolean, start } from './cell';
import * as date from './date';
import { columns } from './layout';
import * as number from './number';
import {
  BOOLEAN,
  DATE,
  DATETIME,
  DECIMAL,
  DOUBLE,
  FIELD_BYTES,
  LONG,
  nullPolicy,
  NULL_EMPTY,
  NULL_OMITTED,
  STRING,
} from './plan';
import { readDouble } from './reference';
import { copy, copyEscaped } from './text';

const QUOTE: u8 = 0x22;
const MINUS: u8 = 0x2d;
const ZERO: u8 = 0x30;

function writeText(to: usize): usize {
  store<u8>(to, QUOTE);
  const after = copyEscaped(to + 1, start, end, isEscaped());
  store<u8>(after, QUOTE);
  return after + 1;
}

/** Writes a cell that needs no escapes, in quotes. */
function writeQuoted(to: usize): usize {
  const length = end - start;
  store<u8>(to, QUOTE);
  copy(to + 1, start, length);
  store<u8>(to + 1 + length, QUOTE);
  return to + length + 2;
}

function writeLong(target: usize): usize {
  if (!number.readLong(start, end)) return 0;
  let from = number.wholeStart;
  while (from < end - 1 && load<u8>(from) === ZERO) from++;
  let to = target;
  if (number.negative && number.unsigned !== 0) store<u8>(to++, MINUS);
  copy(to, from, end - from);
  return to + (end - from);
}

/** True when the number read last can be held by a double. */
function isDouble(): bool {
  if (number.surelyDouble()) return true;
  const value = readDouble(start, end);
  return value === value;
}

/** Writes the number that was read last in the form of JSON, its digits as they stand. */
function writeNumber(target: usize): usize {
  let to = target;
  let first = number.wholeStart;
  const wholeEnd = number.wholeEnd;
  while (first + 1 < wholeEnd && load<u8>(first) === ZERO) first++;
  if (number.negative) store<u8>(to++, MINUS);
  if (first === wholeEnd) store<u8>(to++, ZERO);
  copy(to, first, wholeEnd - first);
  to += wholeEnd - first;
  const fraction = number.fractionEnd - number.fractionStart;
  if (fraction !== 0) {
    store<u8>(to, 0x2e);
    copy(to + 1, number.fractionStart, fraction);
    to += fraction + 1;
  }
  copy(to, number.exponentStart, end - number.exponentStart);
  return to + (end - number.exponentStart);
}

/** In UTC; the cell's own digits, unless a zone moves them or the time of day is missing. */
function writeDateTime(to: usize): usize {
  if (!date.readDateTime(start, end)) return 0;
  store<u8>(to, QUOTE);
  if (date.offset !== 0 || end - start === 10) date.writeSeconds(to + 1);
  else {
    copy(to + 1, start, 19);
    store<u8>(to + 11, 0x54);
  }
  let after = to + 20;
  if (date.fractionEnd > date.fractionStart) {
    const length = date.fractionEnd - date.fractionStart + 1;
    copy(after, date.fractionStart - 1, length);
    after += length;
  }
  store<u16>(after, 0x225a); // Z"
  return after + 2;
}

function writeBoolean(to: usize): usize {
  const value = readBoolean();
  if (value < 0) return 0;
  store<u32>(to, value === 1 ? 0x65757274 : 0x736c6166); // true, fals
  if (value === 1) return to + 4;
  store<u8>(to + 4, 0x65);
  return to + 5;
}

function writeValue(kind: u32, to: usize): usize {
  switch (kind) {
    case STRING:
      return writeText(to);
    case LONG:
      return writeLong(to);
    case DOUBLE:
      return number.readNumber(start, end) && isDouble() ? writeNumber(to) : 0;
    case DECIMAL:
      return number.readNumber(start, end) && number.readDecimal() ? writeNumber(to) : 0;
    case DATE:
      return date.readDate(start, end) ? writeQuoted(to) : 0;
    case DATETIME:
      return writeDateTime(to);
    case BOOLEAN:
      return writeBoolean(to);
    default:
      return date.isTime(start, end) ? writeQuoted(to) : 0;
  }
}

function writeNull(to: usize, policy: u32): usize {
  if (policy === NULL_EMPTY) {
    store<u16>(to, 0x2222);
    return to + 2;
  }
  store<u32>(to, 0x6c6c756e); // null
  return to + 4;
}

/** Writes a row as one line. Answers the address after it; 0 when a value is left to the reference. */
export function writeLine(row: u32, fields: usize, count: u32, target: usize): usize {
  const first = row * columns;
  const policy = nullPolicy();
  const last = fields + <usize>count * FIELD_BYTES;
  let to = target;
  for (let field = fields; field < last; field += FIELD_BYTES) {
    const kind = load<u32>(field, 4);
    const isNull = lookAtCell(first + load<u32>(field), kind === STRING);
    if (isNull && policy === NULL_OMITTED) continue;
    const length = load<u32>(field, 12);
    copy(to, load<u32>(field, 8), length);
    to = isNull ? writeNull(to + length, policy) : writeValue(kind, to + length);
    if (to === 0) return 0;
  }
  // Each field begins with a comma; the first one becomes the opening brace.
  store<u8>(target, 0x7b);
  if (to === target) to++;
  store<u16>(to, 0x0a7d);
  return to + 2;
}
