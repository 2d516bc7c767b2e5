import { nextRuns } from './next-runs.ts';
import type { Schedule } from './schedule.ts';

/** Milliseconds between two looks at a DataSet whose change is waited for: a quarter of an hour, the least that Domo allows between runs. */
export const lookInterval = 15 * 60_000;

/**
 * When the scheduler has to do with a schedule next, after an instant: to run the writeback, or to look whether its DataSet has
 * changed; null for those that it never begins. What `schedule.next_due_at` is to be when a schedule is saved, and when
 * its writeback is no longer paused.
 */
export function nextDue(schedule: Schedule, after: Date): Date | null {
  if (schedule.kind === 'change') return new Date(after.getTime() + lookInterval);
  return nextRuns(schedule, after, 1)[0] ?? null;
}
