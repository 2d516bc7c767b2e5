// How rows are encoded, as src/dataset/kernel/row-plan.ts writes it. Words of 32 bits at the beginning of the plan.
import { plan } from './layout';

/** Place of the first field; all that are checked come first, then those that are written if they are others. */
export const FIELDS: usize = 64;
/** Bytes of a field: place of its column (u32), kind (u32), address and length of what stands before its value. */
export const FIELD_BYTES: usize = 16;

export const STRING: u32 = 0;
export const LONG: u32 = 1;
export const DOUBLE: u32 = 2;
export const DECIMAL: u32 = 3;
export const DATE: u32 = 4;
export const DATETIME: u32 = 5;
export const TIME: u32 = 6;
export const BOOLEAN: u32 = 7;

export const NULL_OMITTED: u32 = 1;
export const NULL_EMPTY: u32 = 2;

function word(place: usize): u32 {
  return load<u32>(plan + (place << 2));
}

/** True for JSON Lines, false for BSON. */
export function isJson(): bool {
  return word(0) !== 0;
}
export function checkedFields(): u32 {
  return word(1);
}
/** Fields that are written after all were checked; 0xffffffff when they are the same. */
export function projectedFields(): u32 {
  return word(2);
}
export function nullPolicy(): u32 {
  return word(3);
}
export function isStrict(): bool {
  return word(4) !== 0;
}
/** Most bytes that a document can have beside those of its record. */
export function fixedBytes(): u32 {
  return word(5);
}
/** Most bytes that a byte of the record can become. */
export function growth(): u32 {
  return word(6);
}
/** Type, name and prefix of the `_id`. */
export function idLength(): u32 {
  return word(7);
}
export function idAddress(): usize {
  return word(8);
}
export function appendLength(): u32 {
  return word(9);
}
export function appendAddress(): usize {
  return word(10);
}
/** Data row number of the block's first row. */
export function firstRow(): u64 {
  return load<u64>(plan + 48);
}
