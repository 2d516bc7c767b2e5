import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { nextDue } from '../../src/run/schedule/next-due.ts';
import { readSchedule } from '../../src/run/schedule/schedule.ts';
import type { Db } from '../../src/store/database.ts';
import { saveSchedule } from '../../src/store/schedule.ts';
import { patiently } from './crash-database.ts';

const minute = 60_000;

/** Makes a writeback run every minute. */
export async function runEveryMinute(db: Db, writebackId: string): Promise<void> {
  const pane = { every: 'minutes', interval: 1 };
  const nextDueAt = nextDue(readSchedule(pane, 1), new Date());
  await saveSchedule(db, { writebackId, definition: JSON.stringify(pane), nextDueAt });
}

/** A time of the schedule that was seen to: when it was due, and when it was dealt with. */
interface Seen {
  readonly due: number;
  readonly at: number;
}

/** Runs, and lines that tell why there is none. */
async function seen(db: Db, writebackId: string): Promise<Seen[]> {
  const runs = await db.selectFrom('run').selectAll().where('writebackId', '=', writebackId).execute();
  const skipped = await db
    .selectFrom('runEvent')
    .select(['at', 'message'])
    .where('runId', 'in', ['', ...runs.map(({ id }) => id)])
    .where('message', 'like', '%was skipped%')
    .execute();
  return [
    ...runs.map(({ dueAt, queuedAt }) => ({ due: dueAt!.getTime(), at: queuedAt.getTime() })),
    ...skipped.map(({ at, message }) => ({
      due: Date.parse(/due at (\S+)/.exec(message)?.[1] ?? ''),
      at: at.getTime(),
    })),
  ];
}

/**
 * Throws unless each minute of the span was dealt with, and once: by its own run, by a line that says why there is none, or,
 * when nobody was there to see it in time, together with the one before.
 */
export async function requireEveryMinute(db: Db, writebackId: string, from: number, until: number) {
  const first = Math.ceil(from / minute);
  const minutes = Array.from(
    { length: Math.floor(until / minute) - first + 1 },
    (_, at) => (first + at) * minute,
  );
  for (let tries = 100; ; tries -= 1) {
    const all = await patiently(() => seen(db, writebackId));
    assert.equal(new Set(all.map(({ due }) => due)).size, all.length, 'a minute was dealt with twice');
    // The clock of the database may be a little behind that of the scheduler.
    const lost = minutes.filter(
      (due) => !all.some((one) => one.due === due || (one.due < due && one.at > due)),
    );
    if (lost.length === 0) return minutes.length;
    assert.ok(tries > 0, `nobody saw to ${lost.map((due) => new Date(due).toISOString()).join(', ')}`);
    await sleep(200);
  }
}
