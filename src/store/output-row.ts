import { sql } from 'kysely';
import type { Selectable } from 'kysely';
import type { Db, Json } from './database.ts';

/** A cell of an output DataSet. */
export type OutputCell = string | number | boolean | null;

/** A row of a writeback's output DataSet: the metrics of a run, or a line of a script's grid. */
export interface OutputRowTable {
  writebackId: string;
  runId: string;
  /** Counts from 1 within the run. */
  number: number;
  /** By column name. */
  cells: Json<Readonly<Record<string, OutputCell>>>;
}

export type OutputRow = Selectable<OutputRowTable>;

/** Adds a run's rows to the output DataSet; done again for the same run, they take the place of what it wrote before. */
export async function appendOutputRows(
  db: Db,
  place: { readonly writebackId: string; readonly runId: string },
  rows: readonly Readonly<Record<string, OutputCell>>[],
): Promise<void> {
  await db
    .deleteFrom('outputRow')
    .where('writebackId', '=', place.writebackId)
    .where('runId', '=', place.runId)
    .execute();
  if (rows.length === 0) return;
  const values = rows.map((cells, index) => ({ ...place, number: index + 1, cells: JSON.stringify(cells) }));
  await db.insertInto('outputRow').values(values).execute();
}

/** Makes a run's rows the whole output DataSet. Within a transaction, so that readers see the old ones or the new. */
export async function replaceOutputRows(
  db: Db,
  place: { readonly writebackId: string; readonly runId: string },
  rows: readonly Readonly<Record<string, OutputCell>>[],
): Promise<void> {
  await db.deleteFrom('outputRow').where('writebackId', '=', place.writebackId).execute();
  await appendOutputRows(db, place, rows);
}

/** The rows after the given one, in the order they were written. */
export async function outputRowsAfter(
  db: Db,
  writebackId: string,
  after: Pick<OutputRow, 'runId' | 'number'> | undefined,
  limit: number,
): Promise<OutputRow[]> {
  const { runId = '', number = 0 } = after ?? {};
  return db
    .selectFrom('outputRow')
    .selectAll()
    .where('writebackId', '=', writebackId)
    .where(sql<boolean>`(run_id, number) > (${runId}, ${number})`)
    .orderBy('runId')
    .orderBy('number')
    .limit(limit)
    .execute();
}

/** Names of all columns that some row has, by name: rows of different releases may differ. */
export async function outputColumns(db: Db, writebackId: string): Promise<string[]> {
  const columns = sql<{ name: string }>`jsonb_object_keys(output_row.cells)`.as<'column'>(sql`columns(name)`);
  const rows = await db
    .selectFrom('outputRow')
    .innerJoinLateral(columns, (join) => join.onTrue())
    .select(sql<string>`columns.name`.as('name'))
    .distinct()
    .where('writebackId', '=', writebackId)
    .orderBy('name')
    .execute();
  return rows.map(({ name }) => name);
}
