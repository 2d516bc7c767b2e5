import { type Generated, type Insertable, type Selectable, type Updateable, sql } from 'kysely';
import type { alertChannelKinds } from '../contract/alerts.ts';
import type { Db, Json } from './database.ts';
import type { SealedColumn } from './sealed-secrets.ts';

export interface AlertChannelTable {
  id: string;
  kind: (typeof alertChannelKinds)[number];
  name: string;
  /** Whoever made it; only they and administrators change it. */
  ownerId: string;
  /** The fields that are no secret, by id. */
  credentials: Json<Readonly<Record<string, unknown>>>;
  secrets: SealedColumn;
  isDefault: Generated<boolean>;
  /** Grows with every change, so that of two edits that meet the second is refused. */
  version: Generated<number>;
  createdAt: Generated<Date>;
  updatedAt: Generated<Date>;
}

export type SavedChannel = Selectable<AlertChannelTable>;

export async function insertAlertChannel(
  db: Db,
  channel: Insertable<AlertChannelTable>,
): Promise<SavedChannel> {
  return db.insertInto('alertChannel').values(channel).returningAll().executeTakeFirstOrThrow();
}

export async function findAlertChannel(db: Db, id: string): Promise<SavedChannel | undefined> {
  return db.selectFrom('alertChannel').selectAll().where('id', '=', id).executeTakeFirst();
}

/** All of them, by name: an installation has a handful. */
export async function listAlertChannels(db: Db): Promise<SavedChannel[]> {
  return db.selectFrom('alertChannel').selectAll().orderBy('name').orderBy('id').execute();
}

/** Changes the channel if it still has the version that the change was made on; undefined when it has not. */
export async function updateAlertChannel(
  db: Db,
  id: string,
  version: number,
  change: Updateable<AlertChannelTable>,
): Promise<SavedChannel | undefined> {
  return db
    .updateTable('alertChannel')
    .set({ ...change, version: version + 1, updatedAt: new Date() })
    .where('id', '=', id)
    .where('version', '=', version)
    .returningAll()
    .executeTakeFirst();
}

export async function deleteAlertChannel(db: Db, id: string): Promise<void> {
  await db.deleteFrom('alertChannel').where('id', '=', id).execute();
}

/** Channels in the order of their ids after `after`, for work that goes through all of them and can be resumed. */
export async function alertChannelsAfter(db: Db, after: string, limit: number): Promise<SavedChannel[]> {
  return db
    .selectFrom('alertChannel')
    .selectAll()
    .where('id', '>', after)
    .orderBy('id')
    .limit(limit)
    .execute();
}

/** Names of the writebacks whose newest version names the channel. */
export async function writebacksTelling(db: Db, channelId: string): Promise<string[]> {
  const rows = await db
    .selectFrom('writeback')
    .innerJoin('writebackVersion', (join) =>
      join
        .onRef('writebackVersion.writebackId', '=', 'writeback.id')
        .onRef('writebackVersion.version', '=', 'writeback.version'),
    )
    .select('writeback.name')
    .where('deletedAt', 'is', null)
    .where(sql<boolean>`${sql.ref('writebackVersion.definition')} #> '{alerts,channels}' ? ${channelId}`)
    .orderBy('writeback.name')
    .execute();
  return rows.map(({ name }) => name);
}
