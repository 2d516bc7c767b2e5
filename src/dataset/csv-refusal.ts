import { isUtf8 } from 'node:buffer';
import { UserError } from '../errors.ts';
import { asBuffer } from './cell-text.ts';
import { CellIndex, indexRecords, type ScanStop } from './cell-index.ts';
import type { Column } from './dataset.ts';

const REMEDY =
  'A file on this machine can be read all the same through a query (`query: select * from tbl`), which reads leniently.';

/** Where something is wrong. Row 0 is the header. */
export interface Place {
  readonly row: number;
  readonly column: Column | undefined;
}

/** A UserError about the CSV itself; the sentence names the place. */
export function refusal(code: string, what: string, { row, column }: Place, remedy = REMEDY): UserError {
  const line = row === 0 ? 'The header' : `Row ${row}`;
  const where = column === undefined ? line : `${line}, column "${column.name}"`;
  return new UserError(code, `${where}: ${what}`, {
    remedy,
    row: row === 0 ? undefined : row,
    column: column?.name,
  });
}

/** The refusal for each way in which a record can break the rules. */
export function recordRefusal(stop: ScanStop, place: Place, columns: number): UserError {
  switch (stop) {
    case 'stray quote':
      return refusal(
        'csv-stray-quote',
        'a quote stands inside an unquoted cell, or text follows a closing quote.',
        place,
      );
    case 'bare carriage return':
      return refusal(
        'csv-bare-carriage-return',
        'a carriage return without a line feed is not a line end.',
        place,
      );
    case 'too few cells':
      return refusal(
        'csv-ragged-row',
        `the row has fewer cells than the DataSet has columns (${columns}).`,
        place,
      );
    case 'too many cells':
      return refusal(
        'csv-ragged-row',
        `the row has more cells than the DataSet has columns (${columns}).`,
        place,
      );
    default:
      return refusal('csv-unclosed-quote', 'a quoted cell begins here and is never closed.', place);
  }
}

/**
 * Throws when `bytes[from, to)`, which are whole good records, hold NUL or bytes that are not UTF-8. `place` tells the place of
 * a cell, its row counted from 0.
 */
export function refuseBadBytes(
  bytes: Uint8Array,
  from: number,
  to: number,
  columns: number,
  place: (row: number, cell: number) => Place,
): void {
  const part = asBuffer(bytes.subarray(from, to));
  if (isUtf8(part) && !part.includes(0)) return;
  const index = new CellIndex(columns);
  indexRecords(bytes, from, to, index, { final: true });
  for (let cell = 0; cell < index.rows * columns; cell++) {
    const text = bytes.subarray(index.starts[cell], index.ends[cell]);
    const where = place(Math.floor(cell / columns), cell % columns);
    if (!isUtf8(text)) throw refusal('csv-invalid-utf8', 'the cell holds bytes that are not UTF-8.', where);
    if (text.includes(0)) throw refusal('csv-nul-byte', 'the cell holds a NUL byte.', where);
  }
}
