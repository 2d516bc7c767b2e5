import { sql } from 'kysely';
import type { Db } from './database.ts';

/**
 * A transaction that does not wait for the disk: if the database dies within the next second, all that it wrote may be gone,
 * though never a part of it. For what is written again anyway.
 */
export async function writeLoosely<T>(db: Db, write: (transaction: Db) => Promise<T>): Promise<T> {
  return db.transaction().execute(async (transaction) => {
    await sql`set local synchronous_commit = off`.execute(transaction);
    return write(transaction);
  });
}
