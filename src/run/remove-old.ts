import { deleteAlertsBefore } from '../store/alert.ts';
import { deleteChannelHealthBefore } from '../store/channel-health.ts';
import type { Db } from '../store/database.ts';
import { deleteOldKeys } from '../store/idempotency-key.ts';
import { deleteRunsBefore } from '../store/run.ts';

const day = 24 * 3600 * 1000;
/** Runs of one statement: it locks what it removes, with thousands of lines. */
const atOnce = 500;
/** Days for which a repeated call gets the first one's answer. */
const answersKept = 2;

/** Removes what is older than its time: runs with all that hangs on them after `days`, answers to repeated calls sooner. Gives how many runs. */
export async function removeOld(db: Db, days: number, now = new Date()): Promise<number> {
  const before = new Date(now.getTime() - days * day);
  let removed = 0;
  for (let last = atOnce; last === atOnce; removed += last) last = await deleteRunsBefore(db, before, atOnce);
  await deleteAlertsBefore(db, before);
  await deleteChannelHealthBefore(db, before);
  await deleteOldKeys(db, new Date(now.getTime() - answersKept * day));
  return removed;
}
