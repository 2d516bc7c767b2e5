import { type Deed, writeAudit } from '../store/audit.ts';
import type { Db } from '../store/database.ts';

/**
 * Does a deed and writes it into the audit log, in one transaction: both or neither. The entry comes first, because deeds wait
 * for each other at it: what a deed checks before it changes anything stays true.
 */
export async function audited<T>(db: Db, deed: Deed, work: (transaction: Db) => Promise<T>): Promise<T> {
  return db.transaction().execute(async (transaction) => {
    await writeAudit(transaction, deed);
    return work(transaction);
  });
}
