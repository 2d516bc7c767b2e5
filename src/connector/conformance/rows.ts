import type { Column, ColumnType } from '../../dataset/dataset.ts';

/** A row as a reader of the destination sees it: canonical text of each cell, in the order of the DataSet's columns. */
export type StoredRow = readonly (string | null)[];

/** Columns of every type that Domo has. */
export const oddColumns: readonly Column[] = [
  { name: 'text', type: 'STRING' },
  { name: 'Ganze Zahl, "quoted" ü', type: 'LONG' },
  { name: 'ratio', type: 'DOUBLE' },
  { name: 'money', type: 'DECIMAL' },
  { name: 'day', type: 'DATE' },
  { name: 'moment', type: 'DATETIME' },
];

const oddTexts: readonly (string | null)[] = [
  null,
  '',
  ' ',
  'null',
  'NULL',
  'undefined',
  '\\N',
  '\\',
  '"',
  '""',
  'a "quoted" word',
  'a,b;c\td',
  'line\nline',
  'line\r\nline',
  '\r\n',
  '  spaces around  ',
  '\u00a0no-break\u202f',
  '007',
  '1e5',
  '=1+1',
  '@SUM(A1)',
  '#first',
  '🙈👩‍👩‍👧‍👦🇩🇪',
  'e\u0301 n\u0303',
  '\u202Bשלום مرحبا\u202C',
  '\uFEFFbom inside',
  '\u2028\u2029',
  'x'.repeat(1_000_000),
  'last',
];

/** Limits and leap days; the first is all null. */
const oddNumbers: readonly StoredRow[] = [
  [null, null, null, null, null],
  ['0', '0', '0', '0001-01-01', '0001-01-01T00:00:00.000Z'],
  [
    '9223372036854775807',
    '1.7976931348623157e+308',
    '1234567890123456789012345678901234',
    '9999-12-31',
    '9999-12-31T23:59:59.999Z',
  ],
  [
    '-9223372036854775808',
    '5e-324',
    '-0.1234567890123456789012345678901234',
    '2024-02-29',
    '2024-02-29T23:59:59.123Z',
  ],
  ['9007199254740993', '0.1', '1.50', '1969-12-31', '1969-12-31T23:59:59.999Z'],
  ['-1', '-2.2250738585072014e-308', '0.01', '1582-10-15', '2038-01-19T03:14:08.000Z'],
];

/** One row for each odd text, the odd numbers going round beside them. */
export const oddRows: readonly StoredRow[] = oddTexts.map((text, index) =>
  [text].concat(oddNumbers[index % oddNumbers.length] ?? []),
);

/** Columns and rows that are cheap to make and easy to tell apart; about a kilobyte each. */
export const plainColumns: readonly Column[] = [
  { name: 'id', type: 'LONG' },
  { name: 'run', type: 'STRING' },
  { name: 'filling', type: 'STRING' },
];

const filling = 'abcdefghijklmnopqrstuvwxyz012345'.repeat(31);

export function plainRows(count: number, run: string): StoredRow[] {
  return Array.from({ length: count }, (_, index) => [String(index + 1), run, filling]);
}

function csvCell(cell: string | null): string {
  if (cell === null) return '';
  return cell === '' || cell === '\\N' || /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

/** Rows as canonical CSV, without header. */
export function csvOf(rows: readonly StoredRow[]): Buffer {
  return Buffer.from(rows.map((row) => `${row.map(csvCell).join(',')}\n`).join(''));
}

export function headerOf(columns: readonly Column[]): Buffer {
  return csvOf([columns.map(({ name }) => name)]);
}

const comparable: Partial<Record<ColumnType, (text: string) => string>> = {
  LONG: (text) => String(BigInt(text)),
  DOUBLE: (text) => String(Number(text)),
  DATE: (text) => text.replace(/[T ]00:00:00(\.0+)?Z?$/, ''),
  DATETIME: (text) => new Date(/(Z|[+-]\d\d(:?\d\d)?)$/.test(text) ? text : `${text}Z`).toISOString(),
};

function comparableCell(cell: string | null, type: ColumnType | undefined): string | null {
  if (cell === null || type === undefined) return cell;
  try {
    return comparable[type]?.(cell) ?? cell;
  } catch {
    return cell;
  }
}

/**
 * Rows in a form that can be compared: numbers and dates by value, texts as they are, in the order of their first columns,
 * because not every destination keeps the order.
 */
export function comparableRows(rows: readonly StoredRow[], columns: readonly Column[]): string[] {
  return rows
    .map((row) => JSON.stringify(row.map((cell, index) => comparableCell(cell, columns[index]?.type))))
    .sort();
}
