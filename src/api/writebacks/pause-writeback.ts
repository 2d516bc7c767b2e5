import type { Contract } from '../../contract/contract.ts';
import { readSavedSchedule } from '../../run/read-saved-schedule.ts';
import { nextDue } from '../../run/schedule/next-due.ts';
import type { Db } from '../../store/database.ts';
import { findSchedule, saveSchedule } from '../../store/schedule.ts';
import { updateWriteback } from '../../store/writeback.ts';
import { findOverview } from '../../store/writeback-overview.ts';
import { audited } from '../audited.ts';
import type { Handler } from '../serve.ts';
import { reachWriteback } from './reach-writeback.ts';
import { writebackAnswer } from './writeback-answer.ts';

/** Pauses a writeback, or lets it go on: then the next time is one after now, and what was due meanwhile is passed over. */
export async function setPaused(transaction: Db, id: string, paused: boolean): Promise<void> {
  const state = paused ? ('paused' as const) : ('active' as const);
  await updateWriteback(transaction, id, { state, pausedBecause: null });
  const schedule = paused ? undefined : await findSchedule(transaction, id);
  if (!schedule) return;
  const nextDueAt = nextDue(readSavedSchedule(schedule.definition), new Date());
  const definition = JSON.stringify(schedule.definition);
  await saveSchedule(transaction, { writebackId: id, definition, nextDueAt });
}

/** Pausing is an operator's work, whoever owns the writeback. */
export const pauseHandler =
  (db: Db): Handler<Contract['pauseWriteback']> =>
  async ({ params: { id }, body: { paused } }, { caller }) => {
    const action = paused ? 'writeback.pause' : 'writeback.resume';
    const deed = { actor: caller!.personId, action, target: id, details: {} };
    return audited(db, deed, async (transaction) => {
      await reachWriteback(transaction, caller!, id, 'look');
      await setPaused(transaction, id, paused);
      return writebackAnswer((await findOverview(transaction, id))!);
    });
  };
