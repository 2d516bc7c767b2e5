import type { Column } from '../../src/dataset/dataset.ts';

/** A row as the stand-in keeps it. */
export type Row = readonly (string | null)[];

/** One record of RFC 4180: null is `nullText`, an empty text is `""`. */
export function csvRecord(cells: Row, nullText = ''): string {
  const text = cells.map((cell) => {
    if (cell === null) return nullText;
    return cell === '' || cell === '\\N' || /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
  });
  return `${text.join(',')}\n`;
}

export function csvHeader(columns: readonly Column[]): string {
  return csvRecord(columns.map((column) => column.name));
}

/** Rows as CSV, about 256 KB together. */
export function* csvOf(count: number, row: (index: number) => Row, nullText: string): Generator<Uint8Array> {
  let text = '';
  for (let index = 0; index < count; index++) {
    text += csvRecord(row(index), nullText);
    if (text.length < 262_144) continue;
    yield Buffer.from(text);
    text = '';
  }
  if (text) yield Buffer.from(text);
}

type Bytes = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/** Offsets right after each record of a stream's chunk; a line end between quotes ends no record. */
function createRecordFinder(): (chunk: Uint8Array) => Generator<number> {
  let quoted = false;
  return function* find(chunk) {
    for (let at = 0; at < chunk.length; at++) {
      if (chunk[at] === 0x22) quoted = !quoted;
      else if (chunk[at] === 0x0a && !quoted) yield at + 1;
    }
  };
}

/** Whole records in a CSV. */
export async function countRecords(bytes: Bytes): Promise<number> {
  const find = createRecordFinder();
  let count = 0;
  for await (const chunk of bytes) for (const _ of find(chunk)) count++;
  return count;
}

/** The first `count` records of a CSV. */
export async function* takeRecords(bytes: Bytes, count: number): AsyncGenerator<Uint8Array> {
  const find = createRecordFinder();
  let left = count;
  if (left <= 0) return;
  for await (const chunk of bytes) {
    let end = chunk.length;
    for (const at of find(chunk)) {
      left--;
      if (left > 0) continue;
      end = at;
      break;
    }
    yield chunk.subarray(0, end);
    if (left === 0) return;
  }
}

/** A CSV without its first record. */
export async function* withoutHeader(bytes: Bytes): AsyncGenerator<Uint8Array> {
  const find = createRecordFinder();
  let skipped = false;
  for await (const chunk of bytes) {
    if (skipped) {
      yield chunk;
      continue;
    }
    const { value, done } = find(chunk).next();
    if (done) continue;
    skipped = true;
    if (value < chunk.length) yield chunk.subarray(value);
  }
}
