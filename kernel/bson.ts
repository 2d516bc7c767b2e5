import { end, isEscaped, lookAtCell, readBoolean, start } from './cell';
import { hasFinerDigits, isTime, milliseconds, readDate, readDateTime } from './date';
import { columns } from './layout';
import {
  high,
  low,
  nearestDouble,
  negative,
  readDecimal,
  readLong,
  readNumber,
  scale,
  unsigned,
} from './number';
import {
  BOOLEAN,
  DATE,
  DATETIME,
  DECIMAL,
  DOUBLE,
  FIELD_BYTES,
  isStrict,
  LONG,
  nullPolicy,
  NULL_EMPTY,
  NULL_OMITTED,
  STRING,
} from './plan';
import { readDouble } from './reference';
import { copy, copyUndoubled } from './text';

const TYPE_STRING: u8 = 0x02;
const TYPE_NULL: u8 = 0x0a;

/** Dates of the current row whose finer digits were cut. */
export let truncated: u32 = 0;

function writeText(to: usize): usize {
  const after = isEscaped() ? copyUndoubled(to + 4, start, end) : to + 4 + (end - start);
  if (!isEscaped()) copy(to + 4, start, end - start);
  store<u8>(after, 0);
  store<u32>(to, <u32>(after - to - 3));
  return after + 1;
}

function writeLong(to: usize): usize {
  if (!readLong(start, end)) return 0;
  store<u64>(to, negative ? 0 - unsigned : unsigned);
  return to + 8;
}

function writeDouble(to: usize): usize {
  if (!readNumber(start, end)) return 0;
  let value = nearestDouble();
  if (value !== value) value = readDouble(start, end);
  if (value !== value) return 0;
  store<f64>(to, value);
  return to + 8;
}

function writeDecimal(to: usize): usize {
  if (!readNumber(start, end) || !readDecimal()) return 0;
  store<u64>(to, low);
  // 34 digits need 113 bits: the exponent takes the 14 above them, the sign the last.
  store<u64>(to + 8, high | ((<u64>scale) << 49) | ((<u64>negative) << 63));
  return to + 16;
}

function writeDateTime(to: usize): usize {
  if (!readDateTime(start, end)) return 0;
  if (hasFinerDigits()) {
    if (isStrict()) return 0;
    truncated++;
  }
  store<i64>(to, milliseconds());
  return to + 8;
}

function writeDate(to: usize): usize {
  if (!readDate(start, end)) return 0;
  store<i64>(to, milliseconds());
  return to + 8;
}

function writeBoolean(to: usize): usize {
  const value = readBoolean();
  if (value < 0) return 0;
  store<u8>(to, <u8>value);
  return to + 1;
}

function writeValue(kind: u32, to: usize): usize {
  switch (kind) {
    case STRING:
      return writeText(to);
    case LONG:
      return writeLong(to);
    case DOUBLE:
      return writeDouble(to);
    case DECIMAL:
      return writeDecimal(to);
    case DATE:
      return writeDate(to);
    case DATETIME:
      return writeDateTime(to);
    case BOOLEAN:
      return writeBoolean(to);
    default:
      return isTime(start, end) ? writeText(to) : 0;
  }
}

/** Writes the value of a null; the type and name that stand in front of `to` become those of the policy. */
function writeNull(element: usize, to: usize, policy: u32): usize {
  if (policy === NULL_OMITTED) return element;
  store<u8>(element, policy === NULL_EMPTY ? TYPE_STRING : TYPE_NULL);
  if (policy !== NULL_EMPTY) return to;
  store<u32>(to, 1);
  store<u8>(to + 4, 0);
  return to + 5;
}

/** Writes the elements of a row. Answers the address after them; 0 when a value is left to the reference. */
export function writeElements(row: u32, fields: usize, count: u32, target: usize): usize {
  const first = row * columns;
  const policy = nullPolicy();
  const last = fields + <usize>count * FIELD_BYTES;
  let to = target;
  truncated = 0;
  for (let field = fields; field < last; field += FIELD_BYTES) {
    const kind = load<u32>(field, 4);
    const length = load<u32>(field, 12);
    const isNull = lookAtCell(first + load<u32>(field), kind === STRING);
    copy(to, load<u32>(field, 8), length);
    const next = isNull ? writeNull(to, to + length, policy) : writeValue(kind, to + length);
    if (next === 0) return 0;
    to = next;
  }
  return to;
}
