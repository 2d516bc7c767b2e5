import type { Generated, Insertable, Selectable } from 'kysely';
import type { Db, Json } from './database.ts';

export interface WritebackVersionTable {
  writebackId: string;
  /** Counts from 1. */
  version: number;
  /** What a run does: source, query, details and the rest that the person stated. No secrets. */
  definition: Json<Readonly<Record<string, unknown>>>;
  changedBy: string | null;
  createdAt: Generated<Date>;
}

export type WritebackVersion = Selectable<WritebackVersionTable>;

export async function insertWritebackVersion(
  db: Db,
  version: Insertable<WritebackVersionTable>,
): Promise<void> {
  await db.insertInto('writebackVersion').values(version).execute();
}

export async function findWritebackVersion(
  db: Db,
  writebackId: string,
  version: number,
): Promise<WritebackVersion | undefined> {
  return db
    .selectFrom('writebackVersion')
    .selectAll()
    .where('writebackId', '=', writebackId)
    .where('version', '=', version)
    .executeTakeFirst();
}

/** The newest first. */
export async function listWritebackVersions(db: Db, writebackId: string): Promise<WritebackVersion[]> {
  return db
    .selectFrom('writebackVersion')
    .selectAll()
    .where('writebackId', '=', writebackId)
    .orderBy('version', 'desc')
    .execute();
}
