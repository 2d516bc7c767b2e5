import { type Part, listParts } from '../store/part.ts';
import type { Run } from '../store/run.ts';
import { type Failure, type RunParts, attempt, withRunLog } from './attempt.ts';
import { RunCanceled } from './cancel-watch.ts';
import type { Hold } from './execute-run.ts';
import { type KeptPlan, outcomeOf } from './parts.ts';
import type { DoneParts } from './plan.ts';
import { receiptErrorOf } from './receipt.ts';
import { reportRun } from './run-progress.ts';
import { settleRun } from './settle-run.ts';

/**
 * Ends a run all of whose parts have ended: publishes what they hold, or removes it. Done again after a crash, it comes to the
 * same. Throws what `attempt` throws.
 */
export async function executeFinish(run: Run, hold: Hold, parts: RunParts): Promise<void> {
  const plan = run.plan as unknown as KeptPlan;
  const all = await listParts(parts.db, run.id);
  const done = all.flatMap(({ delivered }) => (delivered ? [delivered] : [])) as unknown as DoneParts;
  const ending = { plan, parts: done };
  await withRunLog(run, parts, async (saved, own) => {
    const one = { run, ...hold, report: reportRun(parts.db, run) };
    const failed = failureOf(all);
    const attempted = failed ?? (await attempt({ kind: 'finish', ...ending }, one, saved, own));
    if (!attempted) return;
    if (attempted.state === 'succeeded') {
      const took = { parts: Math.max(0, lastEnd(all) - Date.parse(plan.startedAt)), ...attempted.timings };
      const receipt = own.log.clean({ ...attempted.result, timings: took });
      return settleRun(run, saved, { state: 'succeeded', receipt }, parts);
    }
    // The run has not failed to be undone: what cannot be removed is told in the log, and the next run removes it.
    const discarded = await attempt({ kind: 'discard', ...ending }, one, saved, own);
    if (discarded) await settleRun(run, saved, own.log.clean(attempted), parts);
  });
}

/** Undefined when all parts are there. A part that failed was tried again by itself already, as often as the schedule says. */
function failureOf(all: readonly Part[]): (Failure & { readonly isFinal: true }) | undefined {
  const { state, error } = outcomeOf(all);
  if (state === 'succeeded') return undefined;
  const why = error ?? receiptErrorOf(new RunCanceled('The run was canceled.'));
  return { state, error: why, isFinal: true };
}

/** Milliseconds of the clock. */
const lastEnd = (all: readonly Part[]): number =>
  Math.max(...all.map(({ finishedAt }) => finishedAt?.getTime() ?? 0));
