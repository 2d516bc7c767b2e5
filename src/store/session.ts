import type { Generated, Insertable, Selectable } from 'kysely';
import type { Db } from './database.ts';

export interface SessionTable {
  id: string;
  personId: string;
  /** SHA-256 of the token, which only the browser has. */
  tokenHash: Buffer;
  address: string | null;
  userAgent: string | null;
  createdAt: Generated<Date>;
  seenAt: Generated<Date>;
  expiresAt: Date;
}

export type Session = Selectable<SessionTable>;

export async function insertSession(db: Db, session: Insertable<SessionTable>): Promise<Session> {
  return db.insertInto('session').values(session).returningAll().executeTakeFirstOrThrow();
}

/** The session of a token, when it has neither expired nor been idle since before `idleSince`. */
export async function findSession(
  db: Db,
  tokenHash: Buffer,
  now: Date,
  idleSince: Date,
): Promise<Session | undefined> {
  return db
    .selectFrom('session')
    .selectAll()
    .where('tokenHash', '=', tokenHash)
    .where('expiresAt', '>', now)
    .where('seenAt', '>', idleSince)
    .executeTakeFirst();
}

export async function touchSession(db: Db, id: string, seenAt: Date): Promise<void> {
  await db.updateTable('session').set({ seenAt }).where('id', '=', id).execute();
}

export async function deleteSession(db: Db, id: string): Promise<void> {
  await db.deleteFrom('session').where('id', '=', id).execute();
}

/** The session of a token, if there is one. */
export async function deleteSessionWith(db: Db, tokenHash: Buffer): Promise<void> {
  await db.deleteFrom('session').where('tokenHash', '=', tokenHash).execute();
}

/** "Sign out everywhere"; also after a change of role or password. */
export async function deleteSessionsOf(db: Db, personId: string): Promise<void> {
  await db.deleteFrom('session').where('personId', '=', personId).execute();
}

export async function deleteExpiredSessions(db: Db, now: Date, idleSince: Date): Promise<void> {
  await db
    .deleteFrom('session')
    .where((eb) => eb.or([eb('expiresAt', '<=', now), eb('seenAt', '<=', idleSince)]))
    .execute();
}
