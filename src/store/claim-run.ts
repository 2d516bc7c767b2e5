import { sql } from 'kysely';
import type { Db } from './database.ts';
import type { Run } from './run.ts';

/**
 * Gives a live run to a worker: its next attempt. Undefined when it is over, or not at that stage: a run in parts has a plan. Who
 * comes to begin one that is planned must not take it from whoever finishes it.
 */
export async function claimRun(
  db: Db,
  id: string,
  worker: string,
  stage: 'begin' | 'finish',
): Promise<Run | undefined> {
  return db
    .updateTable('run')
    .set((eb) => ({
      state: 'running',
      worker,
      attempt: eb('attempt', '+', 1),
      startedAt: eb.fn.coalesce('startedAt', sql<Date>`now()`),
    }))
    .where('id', '=', id)
    .where('state', 'in', ['queued', 'running'])
    .where('plan', stage === 'begin' ? 'is' : 'is not', null)
    .returningAll()
    .executeTakeFirst();
}
