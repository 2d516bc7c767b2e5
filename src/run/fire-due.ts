import { setImmediate as breathe } from 'node:timers/promises';
import type { Log } from '../log.ts';
import type { Db } from '../store/database.ts';
import type { Run } from '../store/run.ts';
import { type Schedule as SavedSchedule, advanceSchedules, takeDueSchedules } from '../store/schedule.ts';
import type { Engine } from './engine.ts';
import { readSavedSchedule } from './read-saved-schedule.ts';
import { nextDue } from './schedule/next-due.ts';
import type { Schedule } from './schedule/schedule.ts';
import { startIdle } from './start-idle.ts';

/** Schedules of one transaction: enough to make few statements of them, few enough to be done in a moment. */
const atOnce = 500;
/** After so many the event loop has its turn: computing the next time takes up to a millisecond. */
const inARow = 25;

/** What came of the schedules that were due. */
export interface Fired {
  readonly started: readonly Run[];
  /** Writebacks whose DataSets are to be looked at. */
  readonly looks: readonly string[];
  /** There may be more that are due. */
  readonly more: boolean;
}

interface Due {
  readonly saved: SavedSchedule;
  readonly kind: Schedule['kind'] | undefined;
  readonly next: Date | null;
}

/** When a schedule is due next after `now`, worked out once for all who want the same: midnight is many people's. */
function nextAfter(now: Date): (schedule: Schedule) => Date | null {
  const known = new Map<Schedule, Date | null>();
  return (schedule) => {
    const next = known.get(schedule) ?? nextDue(schedule, now);
    known.set(schedule, next);
    return next;
  };
}

/** A schedule that cannot be read any more never fires again, and is told of; it must not keep the others. */
function dueOf(saved: SavedSchedule, next: ReturnType<typeof nextAfter>, log: Log): Due {
  try {
    const schedule = readSavedSchedule(saved.definition);
    return { saved, kind: schedule.kind, next: next(schedule) };
  } catch (error) {
    log.warn('A schedule cannot be read.', { writeback: saved.writebackId, error: String(error) });
    return { saved, kind: undefined, next: null };
  }
}

/**
 * Starts a run for each schedule that is due, once however many schedulers there are and however often it was due while none
 * ran, and sets the times at which they are due next: all in one transaction.
 */
export async function fireDue(db: Db, engine: Engine, log: Log, now = new Date()): Promise<Fired> {
  return db.transaction().execute(async (transaction) => {
    const taken = await takeDueSchedules(transaction, now, atOnce);
    const next = nextAfter(now);
    const due: Due[] = [];
    for (const saved of taken) {
      due.push(dueOf(saved, next, log));
      if (due.length % inARow === 0) await breathe();
    }
    await advanceSchedules(
      transaction,
      due.map(({ saved, next }) => ({ writebackId: saved.writebackId, nextDueAt: next })),
    );
    const wanted = due
      .filter(({ kind }) => kind === 'times')
      .map(({ saved: { writebackId, nextDueAt } }) => ({
        writebackId,
        cause: 'schedule' as const,
        dueAt: nextDueAt,
      }));
    const started = await startIdle(transaction, engine, wanted);
    const looks = due.filter(({ kind }) => kind === 'change').map(({ saved }) => saved.writebackId);
    return { started, looks, more: taken.length === atOnce };
  });
}
