import { truncated, writeElements } from './bson';
import { writeLine } from './json';
import { ANSWER, documentEnds, maxDocuments, output, outputEnd, plan, rowEnds } from './layout';
import {
  appendAddress,
  appendLength,
  checkedFields,
  FIELD_BYTES,
  FIELDS,
  firstRow,
  fixedBytes,
  growth,
  idAddress,
  idLength,
  isJson,
  projectedFields,
} from './plan';
import { copy } from './text';

/** Writes one BSON document; answers the address after it, or 0. */
function writeDocument(row: u32, fields: usize, count: u32, target: usize): usize {
  let to = target + 4;
  const id = idLength();
  if (id !== 0) {
    // Prefix, then the row number in 5 bytes, the highest first.
    copy(to, idAddress(), id);
    store<u64>(to + id, bswap<u64>((firstRow() + row) << 24));
    to += id + 5;
  }
  to = writeElements(row, fields, count, to);
  if (to === 0) return 0;
  const append = appendLength();
  if (append !== 0) copy(to, appendAddress(), append);
  to += append;
  store<u8>(to, 0);
  store<u32>(target, <u32>(to + 1 - target));
  return to + 1;
}

/**
 * Encodes the rows `[from, rows)` of the index into the output. Stops when the output is full, and in front of a row that
 * has a value which is left to the reference (also each one that has to be refused). Answers the row at which it
 * stopped; then the bytes written, the dates truncated, and whether the output was full. Ends count from the output's
 * beginning.
 */
export function encode(from: u32, rows: u32): u32 {
  const json = isJson();
  const checked = checkedFields();
  const projected = projectedFields();
  const fields = plan + FIELDS;
  const others = fields + <usize>checked * FIELD_BYTES;
  const fixed = fixedBytes();
  const grows = growth();
  let to = output;
  let cut: u32 = 0;
  let full: u32 = 0;
  let row = from;
  let rowStart = from === 0 ? 0 : load<u32>(rowEnds + ((from - 1) << 2));
  for (; row < rows; row++) {
    const rowEnd = load<u32>(rowEnds + (row << 2));
    if (to + fixed + (rowEnd - rowStart) * grows > outputEnd || row - from === maxDocuments) {
      full = 1;
      break;
    }
    let after = json ? writeLine(row, fields, checked, to) : writeDocument(row, fields, checked, to);
    if (after !== 0 && projected !== u32.MAX_VALUE)
      after = json ? writeLine(row, others, projected, to) : writeDocument(row, others, projected, to);
    if (after === 0) break;
    if (!json) cut += truncated;
    to = after;
    rowStart = rowEnd;
    store<u32>(documentEnds + ((row - from) << 2), <u32>(to - output));
  }
  store<u32>(ANSWER, <u32>(to - output));
  store<u32>(ANSWER + 4, cut);
  store<u32>(ANSWER + 8, full);
  return row;
}
