import type { EncodedBatch, RejectedRow } from './batch.ts';
import { asBuffer, cellText, excerpt } from './cell-text.ts';
import type { Column } from './dataset.ts';
import type { DocumentOutput } from './document-output.ts';
import type { RowPlan } from './kernel/row-plan.ts';
import type { RecordBlock } from './record-blocks.ts';

/** How rows become documents of one kind. */
export interface RowFormat {
  /** The same as data, for the kernel. */
  readonly plan: RowPlan;
  /** Most bytes that the document of the record `bytes[from, to)` can need. */
  maxBytes(bytes: Uint8Array, from: number, to: number): number;
  /**
   * Writes the document of row `row` of the block at `at`, with these columns in this order. Answers the offset after it,
   * or REFUSED, the reason then being in the output.
   */
  writeRow(
    block: RecordBlock,
    row: number,
    order: readonly number[],
    out: DocumentOutput,
    at: number,
  ): number;
}

/** A cell or row that cannot be written. */
export const REFUSED = -1;
/** A date whose finer digits would be cut, where that is not wanted. */
export const TOO_FINE = -2;

const KINDS: Readonly<Record<Column['type'], string>> = {
  STRING: 'a text',
  LONG: 'a whole number of 64 bits (LONG)',
  DOUBLE: 'a number that a double can hold (DOUBLE)',
  DECIMAL: 'a number of at most 34 digits (DECIMAL)',
  DATE: 'a date yyyy-MM-dd of the years 1 to 9999 (DATE)',
  DATETIME: 'a date and time of the years 1 to 9999 (DATETIME)',
  TIME: 'a time of day HH:mm:ss (TIME)',
  BOOLEAN: 'true or false (BOOLEAN)',
};

/** Notes in the output why a cell was refused; answers REFUSED. */
export function refuseCell(
  { bytes, index }: RecordBlock,
  cell: number,
  column: Column,
  why: number,
  out: DocumentOutput,
): number {
  // A few bytes more than are shown, so that the cut never falls into a character that is shown.
  const start = index.starts[cell]!;
  const end = Math.min(index.ends[cell]!, start + 200);
  const shown = excerpt(cellText(asBuffer(bytes), start, end, index.flags[cell]!));
  out.column = column.name;
  out.reason =
    why === TOO_FINE
      ? `The value "${shown}" has digits below a millisecond, which a date cannot hold.`
      : `The value "${shown}" is not ${KINDS[column.type]}.`;
  return REFUSED;
}

/** Encodes one row by the reference; adds it to the output, or to the rejected rows. */
function encodeRow(
  block: RecordBlock,
  row: number,
  format: RowFormat,
  orders: readonly (readonly number[])[],
  out: DocumentOutput,
  rejected: RejectedRow[],
): void {
  const { index, bytes, firstRow } = block;
  const from = row === 0 ? 0 : index.rowEnds[row - 1]!;
  out.reserve(out.length + format.maxBytes(bytes, from, index.rowEnds[row]!), out.length);
  const { truncated } = out;
  let next = REFUSED;
  for (const order of orders) {
    out.truncated = truncated;
    next = format.writeRow(block, row, order, out, out.length);
    if (next === REFUSED) {
      out.truncated = truncated;
      rejected.push({ row: firstRow + row, column: out.column, reason: out.reason });
      return;
    }
  }
  out.length = next;
  out.rows[out.count] = row;
  out.ends[out.count++] = next;
}

/**
 * Encodes all rows of a block: by the kernel where the block lies in one, and by the reference what the kernel leaves. With
 * `project`, all columns are written first all the same (and overwritten): so a row is refused or not whatever is projected.
 * Without allocation but for refused rows.
 */
export function encodeRows(
  block: RecordBlock,
  format: RowFormat,
  { columns, project }: { columns: number; project?: readonly number[] | undefined },
  out: DocumentOutput,
): EncodedBatch {
  const all = Array.from({ length: columns }, (_, column) => column);
  const orders = project === undefined ? [all] : [all, project];
  const kernel = block.kernel?.setPlan(format.plan, project, block.firstRow) ? block.kernel : undefined;
  const rejected: RejectedRow[] = [];
  out.begin(block.rows);
  for (let row = 0; row < block.rows; row++) {
    if (kernel) row = kernel.encode(row, out);
    if (row < block.rows) encodeRow(block, row, format, orders, out, rejected);
  }
  const { bytes, ends, rows, length, count, truncated } = out;
  const written = {
    bytes: bytes.subarray(0, length),
    ends: ends.subarray(0, count),
    rows: rows.subarray(0, count),
  };
  return { ...written, count, rejected, truncated };
}
