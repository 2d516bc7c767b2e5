import { ANSWER, BLOCK, columns, ends, flags, rowEnds, starts } from './layout';
import { beginMasks, commas, doubledQuotes, lineFeeds, lookAt } from './masks';

const QUOTE: u8 = 0x22;
const CR: u8 = 0x0d;

/**
 * Indexes the records of the block's bytes `[from, to)` as rows `row` and on, to at most `maxRows` rows. Stops in front of
 * the first record that is not plainly good: cut at the end, against the rules, a blank line. Answers the offset after the
 * last record that was indexed, and the rows of the index.
 */
export function index(from: u32, to: u32, firstRow: u32, maxRows: u32): u32 {
  const last = columns - 1;
  let row = firstRow;
  let consumed = from;
  let start = from;
  let cell: u32 = 0;
  let entry: u32 = row * columns;
  let doubled: u8 = 0;
  beginMasks();
  for (let base = from; base < to && row < maxRows; base += 64) {
    if (!lookAt(base, to)) break;
    const lines = lineFeeds;
    let pairs = doubledQuotes;
    let marks = commas | lines;
    while (marks !== 0) {
      const place = ctz(marks);
      const at = base + <u32>place;
      const isLine = <u32>((lines >> place) & 1);
      if (isLine !== <u32>(cell === last)) {
        store<u32>(ANSWER, row);
        return consumed;
      }
      if (pairs !== 0) {
        const upTo = marks ^ (marks - 1);
        if ((pairs & upTo) !== 0) doubled = 2;
        pairs &= ~upTo;
      }
      const quoted = <u32>(load<u8>(start, BLOCK) === QUOTE);
      const end = at - (isLine & <u32>(at > start) & <u32>(load<u8>(at, BLOCK - 1) === CR));
      store<u32>(starts + (entry << 2), start + quoted);
      store<u32>(ends + (entry << 2), end - quoted);
      store<u8>(flags + entry, <u8>quoted | doubled);
      doubled = 0;
      entry++;
      cell++;
      start = at + 1;
      if (isLine !== 0) {
        store<u32>(rowEnds + (row << 2), start);
        consumed = start;
        cell = 0;
        if (++row === maxRows) break;
      }
      marks &= marks - 1;
    }
    if (pairs !== 0) doubled = 2;
  }
  store<u32>(ANSWER, row);
  return consumed;
}

/** The same without an index: answers the offset after the last plainly good record, and how many there were. */
export function count(from: u32, to: u32): u32 {
  const last = columns - 1;
  let consumed = from;
  let rows: u32 = 0;
  let cell: u32 = 0;
  beginMasks();
  for (let base = from; base < to; base += 64) {
    if (!lookAt(base, to)) break;
    let cells = commas;
    let lines = lineFeeds;
    while (lines !== 0) {
      const upTo = lines ^ (lines - 1);
      if (cell + <u32>popcnt(cells & upTo) !== last) {
        store<u32>(ANSWER, rows);
        return consumed;
      }
      rows++;
      cell = 0;
      consumed = base + <u32>ctz(lines) + 1;
      cells &= ~upTo;
      lines &= lines - 1;
    }
    cell += <u32>popcnt(cells);
  }
  store<u32>(ANSWER, rows);
  return consumed;
}
