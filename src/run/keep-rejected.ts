import type { Db } from '../store/database.ts';
import { saveRejectedRows } from '../store/rejected-row.ts';
import type { Receipt } from './receipt.ts';

/** Keeps the rows that a receipt lists as rejected, with their cells where it has them, so that they can be tried again. */
export async function keepRejected(
  transaction: Db,
  runId: string,
  { rejected, rejectedFrom }: Pick<Receipt, 'rejected' | 'rejectedFrom'>,
): Promise<void> {
  const rows = rejected.map(({ row, column = null, reason, cells = null }) => ({
    row,
    column,
    reason,
    cells,
  }));
  await saveRejectedRows(transaction, runId, rejectedFrom, rows);
}
