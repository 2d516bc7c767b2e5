import { type Generated, type Insertable, type Selectable, type Updateable, sql } from 'kysely';
import type { Db, Json } from './database.ts';

export interface LocalDatasetTable {
  id: string;
  name: string;
  ownerId: string;
  coOwnerIds: Generated<string[]>;
  columns: Json<readonly { readonly name: string; readonly type: string }[]>;
  rowCount: number;
  byteCount: number;
  /** The name of the file in the data folder; ours, never the person's. */
  file: string;
  createdAt: Generated<Date>;
  updatedAt: Generated<Date>;
}

export type LocalDataset = Selectable<LocalDatasetTable>;

export async function insertLocalDataset(
  db: Db,
  dataset: Insertable<LocalDatasetTable>,
): Promise<LocalDataset> {
  return db.insertInto('localDataset').values(dataset).returningAll().executeTakeFirstOrThrow();
}

export async function findLocalDataset(db: Db, id: string): Promise<LocalDataset | undefined> {
  return db.selectFrom('localDataset').selectAll().where('id', '=', id).executeTakeFirst();
}

/** Those that the person owns or co-owns; all of them without a person. */
export async function listLocalDatasets(db: Db, personId?: string): Promise<LocalDataset[]> {
  const all = db.selectFrom('localDataset').selectAll().orderBy('name').orderBy('id');
  if (personId === undefined) return all.execute();
  return all
    .where((eb) => eb.or([eb('ownerId', '=', personId), eb(sql`${personId}`, '=', sql`any(co_owner_ids)`)]))
    .execute();
}

/** Gives undefined when there is no such DataSet. */
export async function updateLocalDataset(
  db: Db,
  id: string,
  change: Updateable<LocalDatasetTable>,
): Promise<LocalDataset | undefined> {
  const values = { ...change, updatedAt: new Date() };
  return db.updateTable('localDataset').set(values).where('id', '=', id).returningAll().executeTakeFirst();
}

/** Gives what was deleted, so that its file can go too. */
export async function deleteLocalDataset(db: Db, id: string): Promise<LocalDataset | undefined> {
  return db.deleteFrom('localDataset').where('id', '=', id).returningAll().executeTakeFirst();
}
