import type { RejectedRow } from '../dataset/batch.ts';
import { UserError } from '../errors.ts';

/** Rejected rows beyond this many are counted but not listed. */
export const listedRows = 1_000;
/** Bytes of the listed rows' records that are kept together: they lie in memory, and then in the database. */
const keptBytes = 4_000_000;

/** Counts what a delivery met on its way. */
export interface Tally {
  readonly rejected: readonly RejectedRow[];
  readonly rejectedCount: number;
  readonly truncated: number;
  readonly warnings: readonly string[];
  /** `record` is asked for the row's record only where it is kept. */
  readonly reject: (row: number, reason: string, column?: string, record?: () => string | undefined) => void;
  readonly addTruncated: (count: number) => void;
  readonly warn: (sentence: string) => void;
}

/** Told of every rejected row; throws UserError `too-many-rejected-rows` at the first that is one too many. */
export type RowAllowance = (rejected: RejectedRow) => void;

const limitOf = (details: Readonly<Record<string, unknown>>) => Number(details['rejectedRowsLimit'] ?? 0);

/** How many rows may be rejected, as the details say. */
export function rowAllowance(details: Readonly<Record<string, unknown>>): RowAllowance {
  const limit = limitOf(details);
  let count = 0;
  return (rejected) => {
    count += 1;
    if (count > limit) throw tooMany(limit, rejected);
  };
}

/** The limit is the run's: throws UserError `too-many-rejected-rows` when its parts together have passed it. */
export function allowTogether(
  details: Readonly<Record<string, unknown>>,
  { rowsRejected, rejected }: { readonly rowsRejected: number; readonly rejected: readonly RejectedRow[] },
): void {
  const limit = limitOf(details);
  if (rowsRejected > limit) throw tooMany(limit, rejected[limit] ?? rejected.at(-1)!);
}

/** Keeps the records of listed rows as long as they fit. */
function createKeeping(): (cells: string | undefined) => Pick<RejectedRow, 'cells'> {
  let left = keptBytes;
  return (cells) => {
    if (cells === undefined) return {};
    left -= Buffer.byteLength(cells);
    return left < 0 ? {} : { cells };
  };
}

/** Rejected rows of several deliveries as those of one: as many rows and bytes. */
export function listTogether(rows: readonly RejectedRow[]): RejectedRow[] {
  const keep = createKeeping();
  return rows.slice(0, listedRows).map(({ cells, ...row }) => ({ ...row, ...keep(cells) }));
}

/** A tally whose `reject` throws what `allow` throws. */
export function createTally(allow: RowAllowance): Tally {
  const rejected: RejectedRow[] = [];
  const warnings = new Set<string>();
  const keep = createKeeping();
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
    reject(row, reason, column, record) {
      rejectedCount += 1;
      const isListed = rejected.length < listedRows;
      const one = { row, column, reason, ...(isListed && keep(record?.())) };
      if (isListed) rejected.push(one);
      allow(one);
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
