import type { RejectedRow } from '../dataset/batch.ts';
import { UserError } from '../errors.ts';

/** Rejected rows beyond this many are counted but not listed. */
export const listedRows = 1_000;

/** Counts what a delivery met on its way. */
export interface Tally {
  readonly rejected: readonly RejectedRow[];
  readonly rejectedCount: number;
  readonly truncated: number;
  readonly warnings: readonly string[];
  readonly reject: (row: number, reason: string, column?: string) => void;
  readonly addTruncated: (count: number) => void;
  readonly warn: (sentence: string) => void;
}

/** A tally that throws UserError `too-many-rejected-rows` at the first rejected row past `limit`. */
export function createTally(limit: number): Tally {
  const rejected: RejectedRow[] = [];
  const warnings = new Set<string>();
  let rejectedCount = 0;
  let truncated = 0;
  return {
    rejected,
    get rejectedCount() {
      return rejectedCount;
    },
    get truncated() {
      return truncated;
    },
    get warnings() {
      return [...warnings];
    },
    reject(row, reason, column) {
      rejectedCount += 1;
      if (rejected.length < listedRows) rejected.push({ row, column, reason });
      if (rejectedCount > limit) throw tooMany(limit, { row, column, reason });
    },
    addTruncated(count) {
      truncated += count;
    },
    warn: (sentence) => void warnings.add(sentence),
  };
}

function tooMany(limit: number, { row, column, reason }: RejectedRow): UserError {
  const where = column === undefined ? `Row ${row}` : `Row ${row}, column "${column}"`;
  const rule = limit === 0 ? 'No row may be rejected' : `More than ${limit} rows were rejected`;
  return new UserError('too-many-rejected-rows', `${rule}. ${where}: ${reason}`, {
    row,
    column,
    field: 'rejectedRowsLimit',
    remedy: 'Correct the rows in the DataSet, leave them out with a query, or raise "Rejected Rows Limit".',
  });
}
