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

/** Where a row stands in the order of its output DataSet. */
export type OutputPlace = Pick<OutputRow, 'runId' | 'number'>;

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
  after: OutputPlace | undefined,
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

/** The place of the newest row; undefined when there is none. */
export async function lastOutputRow(db: Db, writebackId: string): Promise<OutputPlace | undefined> {
  return db
    .selectFrom('outputRow')
    .select(['runId', 'number'])
    .where('writebackId', '=', writebackId)
    .orderBy('runId', 'desc')
    .orderBy('number', 'desc')
    .limit(1)
    .executeTakeFirst();
}

export async function hasOutputRow(db: Db, writebackId: string, place: OutputPlace): Promise<boolean> {
  const found = await db
    .selectFrom('outputRow')
    .select('number')
    .where('writebackId', '=', writebackId)
    .where('runId', '=', place.runId)
    .where('number', '=', place.number)
    .executeTakeFirst();
  return found !== undefined;
}

/** What occurs in a column: whole numbers of 18 digits are LONG, others DOUBLE; instants as ISO 8601 in UTC are DATETIME. */
const kindOf = sql<string>`case jsonb_typeof(cell.value)
  when 'number' then case when cell.value::text ~ '^-?\\d{1,18}$' then 'LONG' else 'DOUBLE' end
  when 'string' then case when cell.value #>> '{}' ~ '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?Z$'
    then 'DATETIME' else 'STRING' end
  else 'STRING' end`;

/** All columns that some row has, by name, with the kinds of their cells; nulls are of none. */
export async function outputKinds(
  db: Db,
  writebackId: string,
): Promise<{ readonly name: string; readonly kinds: readonly string[] }[]> {
  const cells = sql<{ key: string; value: unknown }>`jsonb_each(output_row.cells)`.as<'cell'>(
    sql`cell(key, value)`,
  );
  return db
    .selectFrom('outputRow')
    .innerJoinLateral(cells, (join) => join.onTrue())
    .select([
      sql<string>`cell.key`.as('name'),
      sql<
        string[]
      >`coalesce(array_agg(distinct ${kindOf}) filter (where jsonb_typeof(cell.value) <> 'null'), '{}')`.as(
        'kinds',
      ),
    ])
    .where('writebackId', '=', writebackId)
    .groupBy(sql`cell.key`)
    .orderBy('name')
    .execute();
}
