import type { Db } from '../store/database.ts';
import { followersOf } from '../store/schedule.ts';
import type { Writeback } from '../store/writeback.ts';
import type { Engine } from './engine.ts';
import { startIdle } from './start-idle.ts';

/** Starts what is to run after this writeback has succeeded, in the transaction of its success: once, and never for nothing. */
export async function startFollowers(
  transaction: Db,
  engine: Engine,
  writeback: Pick<Writeback, 'id' | 'name' | 'ownerId'>,
): Promise<void> {
  const followers = await followersOf(transaction, writeback);
  const wanted = followers.map(({ id }) => ({ writebackId: id, cause: 'after' as const, dueAt: null }));
  await startIdle(transaction, engine, wanted);
}
