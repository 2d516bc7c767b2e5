import { setTimeout as sleep } from 'node:timers/promises';
import { TemporaryError } from '../errors.ts';
import type { Db } from '../store/database.ts';
import { explainStoreError } from '../store/explain-store-error.ts';

/** Seconds between attempts: a database that restarts is back within them, and the work is not done twice. */
const waits = [1, 2, 4, 8, 16];

/** Writes down how some work ended, all of it or nothing, also while the database is away for a moment. */
export async function writeDown<T>(db: Db, write: (transaction: Db) => Promise<T>): Promise<T> {
  for (const wait of waits) {
    try {
      return await db.transaction().execute(write);
    } catch (error) {
      if (!(explainStoreError(error) instanceof TemporaryError)) throw error;
      await sleep(wait * 1000);
    }
  }
  return db.transaction().execute(write);
}
