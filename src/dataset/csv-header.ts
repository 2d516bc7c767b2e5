import type { UserError } from '../errors.ts';
import { CellIndex, indexRecords, type ScanStop } from './cell-index.ts';
import { asBuffer, cellText, excerpt } from './cell-text.ts';
import { recordRefusal, refusal, refuseBadBytes } from './csv-refusal.ts';
import type { Column } from './dataset.ts';

const place = (column?: Column) => ({ row: 0, column });

function hasByteOrderMark(bytes: Uint8Array): boolean {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
}

function mismatch(what: string, column?: Column): UserError {
  const remedy =
    'The DataSet has changed, or the stated columns are not those of the file: read its columns again.';
  return refusal('csv-header-mismatch', what, place(column), remedy);
}

function refuseHeader(stop: ScanStop, columns: readonly Column[], cell: number): UserError {
  if (stop === 'too few cells')
    return mismatch(`it has fewer names than the DataSet has columns (${columns.length}).`);
  if (stop === 'too many cells')
    return mismatch(`it has more names than the DataSet has columns (${columns.length}).`);
  return recordRefusal(stop, place(columns[cell]), columns.length);
}

/**
 * Reads the header at the beginning of a stream, with or without byte order mark, and compares it with the columns.
 * `complete` is false while more bytes are needed; `consumed` is the offset after the header. Throws UserError
 * `csv-header-mismatch`, or what is wrong with the bytes.
 */
export function readHeader(
  bytes: Uint8Array,
  columns: readonly Column[],
  final: boolean,
): { complete: boolean; consumed: number } {
  const from = hasByteOrderMark(bytes) ? 3 : 0;
  if (columns.length === 0) return { complete: bytes.length >= 3 || final, consumed: from };
  const index = new CellIndex(columns.length, 1);
  const { consumed, stop } = indexRecords(bytes, from, bytes.length, index, { final, maxRows: 1 });
  if (stop !== undefined && stop !== 'record incomplete') throw refuseHeader(stop, columns, index.stopCell);
  if (index.rows === 0) {
    if (final) throw mismatch('it is missing, the CSV is empty.');
    return { complete: false, consumed: 0 };
  }
  refuseBadBytes(bytes, from, consumed, columns.length, (_, cell) => place(columns[cell]));
  for (const [cell, column] of columns.entries()) {
    const name = cellText(asBuffer(bytes), index.starts[cell]!, index.ends[cell]!, index.flags[cell]!);
    if (name !== column.name) throw mismatch(`the name there is "${excerpt(name)}".`, column);
  }
  return { complete: true, consumed };
}
