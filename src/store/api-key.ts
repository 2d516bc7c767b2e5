import type { Generated, Insertable, Selectable } from 'kysely';
import type { Db } from './database.ts';

export interface ApiKeyTable {
  id: string;
  personId: string;
  name: string;
  /** SHA-256 of the key, which was shown once. */
  tokenHash: Buffer;
  /** The key's last characters, by which a person tells keys apart. */
  hint: string;
  scopes: string[];
  createdAt: Generated<Date>;
  expiresAt: Date;
  usedAt: Date | null;
  revokedAt: Date | null;
}

export type ApiKey = Selectable<ApiKeyTable>;

export async function insertApiKey(db: Db, key: Insertable<ApiKeyTable>): Promise<ApiKey> {
  return db.insertInto('apiKey').values(key).returningAll().executeTakeFirstOrThrow();
}

/** A key that is neither revoked nor expired. */
export async function findApiKey(db: Db, tokenHash: Buffer, now: Date): Promise<ApiKey | undefined> {
  return db
    .selectFrom('apiKey')
    .selectAll()
    .where('tokenHash', '=', tokenHash)
    .where('expiresAt', '>', now)
    .where('revokedAt', 'is', null)
    .executeTakeFirst();
}

export async function touchApiKey(db: Db, id: string, usedAt: Date): Promise<void> {
  await db.updateTable('apiKey').set({ usedAt }).where('id', '=', id).execute();
}

export async function listApiKeys(db: Db, personId: string): Promise<ApiKey[]> {
  return db.selectFrom('apiKey').selectAll().where('personId', '=', personId).orderBy('id').execute();
}

/** False when the person has no such key. */
export async function revokeApiKey(db: Db, id: string, personId: string, now: Date): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('apiKey')
    .set({ revokedAt: now })
    .where('id', '=', id)
    .where('personId', '=', personId)
    .where('revokedAt', 'is', null)
    .executeTakeFirstOrThrow();
  return numUpdatedRows > 0n;
}
