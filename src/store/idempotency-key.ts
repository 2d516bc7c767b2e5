import type { ColumnType, Generated, Selectable } from 'kysely';
import type { Db } from './database.ts';

export interface IdempotencyKeyTable {
  personId: string;
  /** As the caller gave it. */
  key: string;
  /** SHA-256 of what was asked: the same key for something else is to be refused. */
  requestHash: Buffer;
  /** Null while the first call is at work. */
  status: number | null;
  answer: ColumnType<unknown, string | undefined, string>;
  createdAt: Generated<Date>;
}

export type IdempotencyKey = Selectable<IdempotencyKeyTable>;

/** Who asks what under which key. */
export type Once = Pick<IdempotencyKey, 'personId' | 'key' | 'requestHash'>;

/** Gives undefined when this call is the first with its key; else the first one, with its answer once it has one. */
export async function beginOnce(db: Db, call: Once): Promise<IdempotencyKey | undefined> {
  const first = await db
    .insertInto('idempotencyKey')
    .values(call)
    .onConflict((clash) => clash.columns(['personId', 'key']).doNothing())
    .returning('key')
    .executeTakeFirst();
  if (first) return undefined;
  return db
    .selectFrom('idempotencyKey')
    .selectAll()
    .where('personId', '=', call.personId)
    .where('key', '=', call.key)
    .executeTakeFirst();
}

/** Keeps the answer for whoever asks the same again. In the transaction of the deed. */
export async function finishOnce(
  db: Db,
  { personId, key }: Pick<Once, 'personId' | 'key'>,
  status: number,
  answer: unknown,
): Promise<void> {
  await db
    .updateTable('idempotencyKey')
    .set({ status, answer: JSON.stringify(answer) })
    .where('personId', '=', personId)
    .where('key', '=', key)
    .execute();
}

/** The call failed, and may be tried again under the same key. */
export async function forgetOnce(db: Db, { personId, key }: Pick<Once, 'personId' | 'key'>): Promise<void> {
  await db.deleteFrom('idempotencyKey').where('personId', '=', personId).where('key', '=', key).execute();
}

export async function deleteOldKeys(db: Db, before: Date): Promise<void> {
  await db.deleteFrom('idempotencyKey').where('createdAt', '<', before).execute();
}
