// The rows that are measured. A pool of rows is written again and again with other keys: 2 GB take a few seconds.
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { constants, crc32, deflateRawSync } from 'node:zlib';
import type { Column } from '../src/dataset/dataset.ts';
import { mixedColumns, mixedRecord } from '../test/data/mixed-rows.ts';

/** A kind of rows: the columns, and the cells of a record behind its key. */
export interface Variant {
  readonly columns: readonly Column[];
  /** Canonical CSV after the first cell, with the leading comma and without line end. */
  readonly rest: (index: number) => string;
}

const columnsOf = (count: number, name: string, type: Column['type']): Column[] =>
  Array.from({ length: count }, (_, index) => ({ name: `${name}_${index + 1}`, type }));
const cells = (count: number, cell: (column: number) => string) =>
  Array.from({ length: count }, (_, column) => `,${cell(column)}`).join('');
const key: Column = { name: 'id', type: 'LONG' };

const alphabets = [
  'Zażółć gęślą jaźń',
  '東京都渋谷区神宮前',
  'Съешь ещё этих булок',
  '🚚📦🧾 ✓',
  'Ελληνικό κείμενο',
];

/** What the kernel is measured with. `mixed` is what everything else is measured with: about 195 bytes a row. */
export const variants = {
  mixed: { columns: mixedColumns, rest: (index) => mixedRecord(index).slice(String(index).length) },
  narrow: { columns: [key, { name: 'amount', type: 'DOUBLE' }], rest: (index) => `,${(index % 8000) / 8}` },
  wide: {
    columns: [key, ...columnsOf(99, 'number', 'LONG'), ...columnsOf(100, 'text', 'STRING')],
    rest: (index) =>
      cells(99, (at) => `${(index * at) % 99_991}`) + cells(100, (at) => `text ${(index + at) % 997}`),
  },
  quotedHeavy: {
    columns: [key, ...columnsOf(8, 'text', 'STRING')],
    rest: (index) => cells(8, (at) => `"a, ""b"" and ${index % (7 + at)},\nnext line"`),
  },
  unicodeHeavy: {
    columns: [key, ...columnsOf(8, 'text', 'STRING')],
    rest: (index) => cells(8, (at) => `${alphabets[(index + at) % alphabets.length]} ${index % 89}`),
  },
  nullHeavy: {
    columns: [key, ...columnsOf(12, 'text', 'STRING'), ...columnsOf(12, 'number', 'DOUBLE')],
    rest: (index) => cells(24, (at) => ((index + at) % 10 === 0 ? `${index % 1000}` : '')),
  },
} satisfies Record<string, Variant>;

const rowsOfPool = 20_000;
const digits = 8;
const firstKey = 10_000_000;

/** Writes `value` into the pool as `digits` digits. */
function stamp(pool: Buffer, at: number, value: number): void {
  let left = value;
  for (let place = at + digits - 1; place >= at; place -= 1) {
    pool[place] = 48 + (left % 10);
    left = Math.trunc(left / 10);
  }
}

const headerOf = ({ columns }: Variant) => Buffer.from(`${columns.map(({ name }) => name).join(',')}\n`);

/** The header, then the pool for every 20,000 rows. The same `Buffer` every time: use it before the next is pulled. */
export function* csvOf(variant: Variant, rows: number): Generator<Buffer> {
  yield headerOf(variant);
  const records = Array.from({ length: rowsOfPool }, (_, index) =>
    Buffer.from(`${firstKey}${variant.rest(firstKey + index)}\n`),
  );
  const pool = Buffer.concat(records);
  const starts: number[] = [0];
  for (const { length } of records) starts.push((starts.at(-1) ?? 0) + length);
  for (let from = 0; from < rows; from += rowsOfPool) {
    const count = Math.min(rowsOfPool, rows - from);
    for (let index = 0; index < count; index += 1) stamp(pool, starts[index] ?? 0, firstKey + from + index);
    yield pool.subarray(0, starts[count]);
  }
}

/** A generated file. */
export interface Data {
  readonly csv: string;
  readonly rows: number;
  readonly bytes: number;
}

/** Writes `rows` mixed rows to `csv`. */
export function writeCsv(csv: string, rows: number): Data {
  const file = openSync(csv, 'w');
  let bytes = 0;
  for (const piece of csvOf(variants.mixed, rows)) bytes += writeSync(file, piece);
  closeSync(file);
  return { csv, rows, bytes };
}

/** The fixed head of a gzip member without name and time (RFC 1952), and the empty block that ends a deflate stream. */
const gzipHead = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]);
const lastBlock = Buffer.from([3, 0]);
// Ends at a whole byte and looks nothing up in what came before: such pieces can be put one after another.
const deflated = (bytes: Buffer) => deflateRawSync(bytes, { level: 1, finishFlush: constants.Z_FULL_FLUSH });

/**
 * Writes `of` as gzip beside it, one member: the header, then the rows of `piece`, a smaller file of the same kind, as often as
 * it takes, because to compress 2 GB would take longer than to measure it. The keys come again; the length is the same.
 */
export function zip(of: Data, piece: Data): void {
  const header = headerOf(variants.mixed);
  const rows = readFileSync(piece.csv).subarray(header.length);
  const [packedHeader, packedRows] = [deflated(header), deflated(rows)];
  const file = openSync(`${of.csv}.gz`, 'w');
  for (const bytes of [gzipHead, packedHeader]) writeSync(file, bytes);
  let sum = crc32(header);
  for (let written = 0; written < of.rows; written += piece.rows) {
    writeSync(file, packedRows);
    sum = crc32(rows, sum);
  }
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(sum);
  trailer.writeUInt32LE(of.bytes % 0x1_0000_0000, 4);
  for (const bytes of [lastBlock, trailer]) writeSync(file, bytes);
  closeSync(file);
}
