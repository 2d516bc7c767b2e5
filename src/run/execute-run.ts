import type { Run } from '../store/run.ts';
import { type AttemptParts, type RunParts, attempt, withRunLog } from './attempt.ts';
import { splitRun } from './parts.ts';
import type { Plan } from './plan.ts';
import { reportRun } from './run-progress.ts';
import { settleRun } from './settle-run.ts';
import { writeDown } from './write-down.ts';

/** How this process came to some work, and when it is to let go of it. */
export interface Hold {
  readonly interrupted: number;
  readonly signal: AbortSignal;
}

/**
 * One attempt of a run, from its definition to its end: succeeded, failed, canceled, or queued again; or, when it can be cut, to
 * its parts. Throws what `attempt` throws.
 */
export async function executeRun(run: Run, hold: Hold, parts: RunParts): Promise<void> {
  await withRunLog(run, parts, async (saved, own) => {
    const one = { run, ...hold, report: reportRun(parts.db, run) };
    const attempted = await attempt({ kind: 'begin' }, one, saved, own);
    if (!attempted) return;
    if (attempted.state !== 'succeeded') return settleRun(run, saved, own.log.clean(attempted), parts);
    const { result, timings } = attempted;
    if (result.plan) return split(run, result.plan, own);
    const receipt = own.log.clean({ ...result.receipt, timings });
    await settleRun(run, saved, { state: 'succeeded', receipt }, parts);
  });
}

async function split(run: Run, plan: Plan, { db, engine, log }: AttemptParts): Promise<void> {
  log.info('The run is cut into parts.', { parts: plan.parts.length });
  // The ranges are left as they are: a key that looks like a secret is a border all the same.
  const kept = { ...plan, dataset: log.clean(plan.dataset) };
  await writeDown(db, (transaction) => splitRun(transaction, engine, run, kept));
}
