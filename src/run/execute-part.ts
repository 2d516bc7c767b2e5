import { type Part, changePart, sumParts } from '../store/part.ts';
import { type Run, changeRun, lockRun } from '../store/run.ts';
import type { Db } from '../store/database.ts';
import { writeLoosely } from '../store/write-loosely.ts';
import {
  type Attempted,
  type AttemptParts,
  type RunParts,
  type Saved,
  attempt,
  withRunLog,
} from './attempt.ts';
import type { DeliveredPart } from '../connector/deliver-part.ts';
import type { Hold } from './execute-run.ts';
import { endPart, queuePartAgain } from './parts.ts';
import type { PartRows } from './plan.ts';
import { retryAt } from './retry-at.ts';
import { type Report, tellProgress } from './run-progress.ts';
import { writeDown } from './write-down.ts';

/** One attempt of one part of a run, to its end: held for the finish, failed, canceled, or queued again. Throws what `attempt` throws. */
export async function executePart(part: Part, run: Run, hold: Hold, parts: RunParts): Promise<void> {
  await withRunLog(run, parts, async (saved, own) => {
    const { number, definition } = part;
    const rows = definition as unknown as PartRows;
    const step = { kind: 'part', part: { ...rows, number, attempt: String(part.attempt) } } as const;
    const one = { run, ...hold, report: reportPart(parts.db, part) };
    const attempted = await attempt(step, one, saved, own);
    if (attempted) await settlePart(part, run, { saved, attempted }, own);
  });
}

/** Writes how far a part is, and with it the run. */
const reportPart =
  (db: Db, part: Part): Report =>
  async ({ rows, bytes }) =>
    writeLoosely(db, async (transaction) => {
      // The run before the part, as whoever ends a part does it: otherwise two might wait for each other.
      await lockRun(transaction, part.runId);
      if (!(await changePart(transaction, part, { rows, bytes }))) return false;
      const sum = await sumParts(transaction, part.runId);
      const change = { rowsRead: sum.rows, bytes: sum.bytes };
      const run = await changeRun(transaction, part.runId, { state: ['running'] }, change);
      if (run) await tellProgress(transaction, run, sum);
      return run !== undefined;
    });

async function settlePart(
  part: Part,
  run: Run,
  { saved, attempted }: { saved: Saved; attempted: Attempted<DeliveredPart> },
  { db, engine, log }: AttemptParts,
): Promise<void> {
  await writeDown(db, async (transaction) => {
    if (attempted.state === 'succeeded') {
      const { dataset, delivered, held } = attempted.result;
      // What is held is for the destination alone, which would not know it again if a word were hidden.
      const cleaned = { ...log.clean({ dataset, delivered }), held };
      return endPart(transaction, engine, part, { state: 'succeeded', delivered: cleaned });
    }
    const { state, error } = log.clean(attempted);
    const failure = { cause: run.cause, failures: part.failures, error };
    const at = state === 'failed' ? retryAt(saved.definition?.retry, failure, new Date()) : undefined;
    if (at) return queuePartAgain(transaction, engine, part, { at, error });
    return endPart(transaction, engine, part, { state, error });
  });
}
