import type { Column } from '../../src/dataset/dataset.ts';

/** Twelve columns of all types that Domo has, with nulls, quoted commas, newlines and other alphabets. */
export const mixedColumns: readonly Column[] = [
  { name: 'id', type: 'LONG' },
  { name: 'customer', type: 'STRING' },
  { name: 'city', type: 'STRING' },
  { name: 'amount', type: 'DECIMAL' },
  { name: 'discount', type: 'DOUBLE' },
  { name: 'ordered_on', type: 'DATE' },
  { name: 'updated_at', type: 'DATETIME' },
  { name: 'quantity', type: 'LONG' },
  { name: 'status', type: 'STRING' },
  { name: 'note', type: 'STRING' },
  { name: 'sku', type: 'STRING' },
  { name: 'score', type: 'DOUBLE' },
];

const cities = ['Berlin', 'São Paulo', '"Washington, D.C."', '東京', 'Łódź', 'Zürich', '""', ''];
const notes = [
  '',
  '"two lines\nof text"',
  'plain',
  '"he said ""yes"""',
  '🚚 on its way',
  '"a, b, c"',
  '',
  'ok',
];
const states = ['open', 'paid', 'shipped', 'returned'];
const two = (value: number) => String(value).padStart(2, '0');

/** One record of canonical CSV, without line end; the same index gives the same record. Dates and decimals are exact texts. */
function record(index: number): string {
  const day = `20${two(10 + (index % 15))}-${two(1 + (index % 12))}-${two(1 + (index % 28))}`;
  const amount = `${index % 100_000}.${two(index % 100)}`;
  const time = `${day}T${two(index % 24)}:${two(index % 60)}:${two((index * 7) % 60)}`;
  const discount = index % 5 === 0 ? '' : (index % 100) / 8;
  return `${index},Customer ${index % 9973},${cities[index % 8]},${amount},${discount},${day},${time},${index % 50},${states[index % 4]},${notes[index % 8]},SKU-${two(index % 97)}-${index % 1009},${(index % 1000) / 4}`;
}

const rowsOfPiece = 2_000;

/** `rows` records of canonical CSV with header, in pieces of about 200 kB. */
export function* mixedCsv(rows: number): Generator<Buffer> {
  yield Buffer.from(`${mixedColumns.map(({ name }) => name).join(',')}\n`);
  for (let from = 1; from <= rows; from += rowsOfPiece) {
    const length = Math.min(rowsOfPiece, rows - from + 1);
    yield Buffer.from(Array.from({ length }, (_, offset) => `${record(from + offset)}\n`).join(''));
  }
}
