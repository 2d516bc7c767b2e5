import type { Insertable, Selectable } from 'kysely';
import type { Db, Json } from './database.ts';

export interface RejectedRowTable {
  runId: string;
  /** Counts from 1 within the run. */
  number: number;
  /** Which of the DataSet's rows, counted from 1. */
  row: number;
  column: string | null;
  reason: string;
  /** The row as CSV, without a line end; null where it was not kept. */
  cells: string | null;
}

export type RejectedRow = Selectable<RejectedRowTable>;

/** The DataSet that rejected rows are of, as far as it matters to whoever reads them again. */
export interface RejectedDataset {
  readonly id: string;
  readonly name: string;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
}

export interface RejectedDatasetTable {
  runId: string;
  dataset: Json<RejectedDataset>;
}

/** A run's rejected rows, some thousand at most, in place of those that an earlier attempt has reported. Within a transaction. */
export async function saveRejectedRows(
  transaction: Db,
  runId: string,
  dataset: RejectedDataset | undefined,
  rows: readonly Omit<Insertable<RejectedRowTable>, 'runId' | 'number'>[],
): Promise<void> {
  await transaction.deleteFrom('rejectedRow').where('runId', '=', runId).execute();
  await transaction.deleteFrom('rejectedDataset').where('runId', '=', runId).execute();
  if (dataset)
    await transaction
      .insertInto('rejectedDataset')
      .values({ runId, dataset: JSON.stringify(dataset) })
      .execute();
  const numbered = rows.map((row, index) => ({ ...row, runId, number: index + 1 }));
  if (numbered.length > 0) await transaction.insertInto('rejectedRow').values(numbered).execute();
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

/** Undefined: the run rejected no rows, or none of them is kept. */
export async function findRejectedDataset(db: Db, runId: string): Promise<RejectedDataset | undefined> {
  const found = await db
    .selectFrom('rejectedDataset')
    .select('dataset')
    .where('runId', '=', runId)
    .executeTakeFirst();
  return found?.dataset;
}

/** How many of a run's rejected rows are kept with their cells. */
export async function countKeptRows(db: Db, runId: string): Promise<number> {
  const { kept } = await db
    .selectFrom('rejectedRow')
    .select(({ fn }) => fn.count<number>('cells').as('kept'))
    .where('runId', '=', runId)
    .executeTakeFirstOrThrow();
  return kept;
}
