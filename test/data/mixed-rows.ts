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

const customers = [
  'Nordwind Handelsgesellschaft mbH',
  '"Álvarez, Ibáñez & Hijos S.A."',
  'Kowalski i Wspólnicy sp. z o.o.',
  '株式会社さくら商事',
  '"The ""Good"" Coffee Company, Inc."',
  'Smith and Daughters Ltd',
  'Société Générale de Papeterie',
];
const cities = ['Berlin', 'São Paulo', '"Washington, D.C."', '東京', 'Łódź', 'Zürich', '""', ''];
const notes = [
  '',
  '"two lines\nof text, as people type them into a form when they are in a hurry"',
  'delivered to the neighbour on the second floor of the house after six in the evening',
  '"he said ""yes"", and then he called again to ask for the invoice of the month before"',
  '🚚 on its way since this morning – ещё не доставлено – お届け予定は明日です',
  '"a, b, c and everything else that was on the list, except for the two lamps"',
  'ordered by telephone and confirmed in writing on the same working day',
  'paid in advance and no further action is needed before the end of the quarter',
];
const states = ['open', 'paid', 'shipped', 'returned'];
const two = (value: number) => String(value).padStart(2, '0');

/** One record of canonical CSV, without line end; the same index gives the same record. Dates and decimals are exact texts. */
export function mixedRecord(index: number): string {
  const day = `20${two(10 + (index % 15))}-${two(1 + (index % 12))}-${two(1 + (index % 28))}`;
  const amount = `${index % 100_000}.${two(index % 100)}`;
  const time = `${day}T${two(index % 24)}:${two(index % 60)}:${two((index * 7) % 60)}`;
  const discount = index % 5 === 0 ? '' : (index % 100) / 8;
  const sku = `SKU-${two(index % 97)}-${index % 1009}-EU-${(index * 7919) % 1_000_003}`;
  const people = `${customers[index % 7]},${cities[index % 8]}`;
  return `${index},${people},${amount},${discount},${day},${time},${index % 50},${states[index % 4]},${notes[index % 8]},${sku},${(index % 1000) / 4}`;
}

const rowsOfPiece = 2_000;

/** `rows` records of canonical CSV with header, in pieces of about 200 kB. */
export function* mixedCsv(rows: number): Generator<Buffer> {
  yield Buffer.from(`${mixedColumns.map(({ name }) => name).join(',')}\n`);
  for (let from = 1; from <= rows; from += rowsOfPiece) {
    const length = Math.min(rowsOfPiece, rows - from + 1);
    yield Buffer.from(Array.from({ length }, (_, offset) => `${mixedRecord(from + offset)}\n`).join(''));
  }
}
