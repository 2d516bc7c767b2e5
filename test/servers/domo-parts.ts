import type { Column } from '../../src/dataset/dataset.ts';
import { refuse } from './domo-answers.ts';
import type { Row } from './domo-records.ts';

const fits: Readonly<Record<string, RegExp>> = {
  LONG: /^-?\d{1,19}$/,
  DOUBLE: /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/,
  DECIMAL: /^-?\d+(\.\d+)?$/,
  DATE: /^\d{4}-\d\d-\d\d$/,
  DATETIME: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/,
};

const wrong = (what: string) =>
  refuse(400, 'Bad Request', `Invalid CSV provided during upload. msg=${what}.`);

/** One cell at `at`: its value, and where the next thing stands. */
function cellAt(text: string, at: number, row: number): { value: string | null; end: number } {
  if (text[at] !== '"') {
    const end = at + /^[^",\r\n]*/.exec(text.slice(at))![0].length;
    if (text[end] === '"') throw wrong(`A quote stands inside of a cell. Row ${row}`);
    return { value: end === at ? null : text.slice(at, end), end };
  }
  const quoted = /^"((?:[^"]|"")*)"/.exec(text.slice(at));
  if (!quoted) throw wrong(`A quote is not closed. Row ${row}`);
  return { value: quoted[1]!.replaceAll('""', '"'), end: at + quoted[0].length };
}

/** Records without header (RFC 4180), each cell of its column's type. Throws Domo's refusal. */
export function parseRecords(text: string, columns: readonly Column[]): Row[] {
  const rows: Row[] = [];
  for (let at = 0; at < text.length;) {
    const cells: (string | null)[] = [];
    for (;;) {
      const column = columns[cells.length];
      const place = `Row ${rows.length + 1}, column ${cells.length + 1}`;
      if (!column) throw wrong(`There are too many columns. Expected ${columns.length}. ${place}`);
      const { value, end } = cellAt(text, at, rows.length + 1);
      if (value !== null && !(fits[column.type]?.test(value) ?? true))
        throw wrong(`“${value}” is no ${column.type}. ${place}`);
      cells.push(value);
      at = end + 1;
      if (text[end] !== ',') break;
    }
    if (text[at - 1] === '\r') at += 1;
    if (at <= text.length && text[at - 1] !== '\n')
      throw wrong(`A line end is expected. Row ${rows.length + 1}`);
    if (cells.length < columns.length)
      throw wrong(`There are too few columns. Expected ${columns.length}. Row ${rows.length + 1}`);
    rows.push(cells);
  }
  return rows;
}
