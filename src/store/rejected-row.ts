import type { Insertable, Selectable } from 'kysely';
import type { Db } from './database.ts';

export interface RejectedRowTable {
  runId: string;
  /** Counts from 1 within the run. */
  number: number;
  /** Which of the DataSet's rows, counted from 1. */
  row: number;
  column: string | null;
  reason: string;
  /** The row as CSV, without a line end. */
  cells: string;
}

export type RejectedRow = Selectable<RejectedRowTable>;

/** An attempt that is done again reports the same rows again: the newest report counts. */
export async function saveRejectedRows(db: Db, rows: readonly Insertable<RejectedRowTable>[]): Promise<void> {
  if (rows.length === 0) return;
  await db
    .insertInto('rejectedRow')
    .values(rows)
    .onConflict((clash) =>
      clash.columns(['runId', 'number']).doUpdateSet((eb) => ({
        row: eb.ref('excluded.row'),
        column: eb.ref('excluded.column'),
        reason: eb.ref('excluded.reason'),
        cells: eb.ref('excluded.cells'),
      })),
    )
    .execute();
}

/** The rows with numbers after `after` (0 for all), in order. */
export async function rejectedRowsAfter(
  db: Db,
  runId: string,
  after: number,
  limit: number,
): Promise<RejectedRow[]> {
  return db
    .selectFrom('rejectedRow')
    .selectAll()
    .where('runId', '=', runId)
    .where('number', '>', after)
    .orderBy('number')
    .limit(limit)
    .execute();
}

export async function deleteRejectedRows(db: Db, runId: string): Promise<void> {
  await db.deleteFrom('rejectedRow').where('runId', '=', runId).execute();
}
