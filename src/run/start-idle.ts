import type { Db } from '../store/database.ts';
import { newId } from '../store/new-id.ts';
import { type Run, type RunCause, dueKey, dueTimesTaken, findLiveRuns } from '../store/run.ts';
import { insertRunEvents } from '../store/run-event.ts';
import { lockActiveWritebacks } from '../store/writeback.ts';
import type { Engine } from './engine.ts';
import { startRuns } from './run.ts';

/** A run that something other than a person wants. */
export interface WantedRun {
  readonly writebackId: string;
  readonly cause: RunCause;
  readonly dueAt: Date | null;
}

const reasons: Partial<Record<RunCause, string>> = {
  schedule: 'the schedule',
  change: 'a change of the DataSet',
  after: 'the success of another writeback',
};

/**
 * Starts a run of each writeback that is active and has none on its way: never two at once. One that has is skipped this time,
 * and its live run's log says so. Gives what was started. Within a transaction.
 */
export async function startIdle(
  transaction: Db,
  engine: Engine,
  wanted: readonly WantedRun[],
): Promise<Run[]> {
  const ids = wanted.map(({ writebackId }) => writebackId);
  const writebacks = new Map((await lockActiveWritebacks(transaction, ids)).map((one) => [one.id, one]));
  const live = new Map((await findLiveRuns(transaction, ids)).map((run) => [run.writebackId, run]));
  const taken = await dueTimesTaken(transaction, wanted);
  const idle = wanted.filter(
    (one) => writebacks.has(one.writebackId) && !live.has(one.writebackId) && !taken.has(dueKey(one)),
  );
  await insertRunEvents(
    transaction,
    wanted.flatMap((one) => skippedLine(one, live.get(one.writebackId))),
  );
  const runs = idle.map((one) => {
    const { version, accountId } = writebacks.get(one.writebackId)!;
    return { run: { ...one, id: newId('run'), version }, accountId: accountId ?? undefined };
  });
  return startRuns(transaction, engine, runs);
}

function skippedLine({ cause, dueAt }: WantedRun, live: Run | undefined) {
  if (!live) return [];
  const due = dueAt ? ` due at ${dueAt.toISOString()}` : '';
  const message = `A run by ${reasons[cause] ?? cause}${due} was skipped, because this one is still on its way.`;
  return [{ runId: live.id, attempt: live.attempt, kind: 'log' as const, level: 'warn' as const, message }];
}
