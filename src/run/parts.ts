import type { Db } from '../store/database.ts';
import {
  type Part,
  cancelQueuedParts,
  changePart,
  countLiveParts,
  listParts,
  queueParts,
} from '../store/part.ts';
import { type Run, accountOfRun, changeRun, lockRun, runsToStop } from '../store/run.ts';
import type { Engine } from './engine.ts';
import type { Plan, PlanHead } from './plan.ts';
import type { ReceiptError } from './receipt.ts';

/*
 * A run that can be cut is planned into parts, which any worker does; the last part that ends, whichever way, sends
 * the finish, which publishes all of them, or ends the run as failed or canceled. Whoever finishes takes the run first
 * (`takeRun`), so that of two only one publishes.
 */

/** A plan as the run keeps it. */
export interface KeptPlan extends PlanHead {
  /** The attempt that planned. */
  readonly attempt: number;
}

/**
 * Cuts a run that this attempt has. A later attempt keeps the parts that an earlier one has planned: some may be done.
 * False: the attempt was given up.
 */
export async function splitRun(
  transaction: Db,
  engine: Engine,
  run: Run,
  { parts, ...head }: Plan,
): Promise<boolean> {
  const now = await lockRun(transaction, run.id);
  if (now?.state !== 'running' || now.attempt !== run.attempt) return false;
  if (now.plan) return true;
  const plan: KeptPlan = { ...head, attempt: run.attempt };
  const is = { state: ['running' as const], attempt: run.attempt };
  await changeRun(transaction, run.id, is, { plan: JSON.stringify(plan) });
  await sendParts(transaction, engine, run.id, await queueParts(transaction, run.id, parts));
  return true;
}

async function sendParts(transaction: Db, engine: Engine, runId: string, parts: readonly Part[]) {
  const accountId = await accountOfRun(transaction, runId);
  const jobs = parts.map(({ number, attempt }) => ({ runId, part: number, attempt: attempt + 1, accountId }));
  await engine.sendAll(transaction, 'part', jobs);
}

/** Sends the finish when no part is queued or worked on any more. The same one is sent however often it is found out. */
async function finishIfDone(transaction: Db, engine: Engine, { id, plan }: Run): Promise<void> {
  if ((await countLiveParts(transaction, id)) > 0) return;
  const { attempt } = plan as unknown as KeptPlan;
  const accountId = await accountOfRun(transaction, id);
  await engine.send(transaction, { kind: 'finish', runId: id, attempt }, { accountId });
}

/** How a part ended. */
export interface PartEnd {
  readonly state: 'succeeded' | 'failed' | 'canceled';
  readonly delivered?: object | undefined;
  readonly error?: ReceiptError | undefined;
}

/**
 * Ends a part that this attempt has. One that failed or was canceled takes those with it that nobody has begun; those
 * that are worked on are told by the cancel watch. False: the attempt was given up, and nothing is changed.
 */
export async function endPart(transaction: Db, engine: Engine, part: Part, end: PartEnd): Promise<boolean> {
  // One after the other: of two that end at once, the second sees that it is the last.
  const run = await lockRun(transaction, part.runId);
  const { state, delivered, error } = end;
  const ended = await changePart(transaction, part, {
    state,
    finishedAt: new Date(),
    ...(delivered && { delivered: JSON.stringify(delivered) }),
    ...(error && { error: JSON.stringify(error) }),
  });
  if (!ended || !run) return false;
  if (state !== 'succeeded') await cancelQueuedParts(transaction, run.id);
  await finishIfDone(transaction, engine, run);
  return true;
}

/** Ends the parts of a run that nobody works on: the run is to stop. */
export async function stopParts(transaction: Db, engine: Engine, run: Run): Promise<void> {
  await cancelQueuedParts(transaction, run.id);
  await finishIfDone(transaction, engine, run);
}

/** Sends what a run in parts waits for, when the queue has nothing of it. */
export async function reviveParts(transaction: Db, engine: Engine, run: Run): Promise<void> {
  const parts = await listParts(transaction, run.id);
  const live = parts.filter(({ state }) => state === 'queued' || state === 'running');
  await sendParts(transaction, engine, run.id, live);
  await finishIfDone(transaction, engine, run);
}

/** Gives a part that failed back to the queue, to be tried again at a time; it is canceled where the run is to stop. False: the attempt was given up. */
export async function queuePartAgain(
  transaction: Db,
  engine: Engine,
  part: Part,
  again: { readonly at: Date; readonly error: ReceiptError },
): Promise<boolean> {
  const { runId, number, attempt, failures } = part;
  await lockRun(transaction, runId);
  // Nobody would look at the wish, or at the part that failed, before its time comes.
  const [stopped] = await runsToStop(transaction, [runId]);
  if (stopped !== undefined)
    return endPart(transaction, engine, part, { state: 'canceled', error: again.error });
  const queued = await changePart(transaction, part, {
    state: 'queued',
    failures: failures + 1,
    error: JSON.stringify(again.error),
  });
  if (!queued) return false;
  const accountId = await accountOfRun(transaction, runId);
  const job = { kind: 'part' as const, runId, part: number, attempt: attempt + 1 };
  await engine.send(transaction, job, { notBefore: again.at, accountId });
  return true;
}

/** What the parts together came to: the first failure counts, then a cancellation. */
export function outcomeOf(parts: readonly Part[]): PartEnd {
  const failed = parts.find(({ state }) => state === 'failed');
  if (failed) return { state: 'failed', error: (failed.error ?? undefined) as ReceiptError | undefined };
  return { state: parts.every(({ state }) => state === 'succeeded') ? 'succeeded' : 'canceled' };
}
