import type { Db } from '../store/database.ts';
import { type Part, cancelQueuedParts, changePart, countLiveParts } from '../store/part.ts';
import { insertParts, listParts } from '../store/part.ts';
import { type Run, lockRun } from '../store/run.ts';
import type { Engine } from './engine.ts';
import type { ReceiptError } from './receipt.ts';

/*
 * A run that can be split is planned into parts, which any worker does; the last part that ends, whichever way, sends
 * the finish, which publishes all of them, or ends the run as failed or canceled. Whoever finishes takes the run first
 * (`takeRun`), so that of two only one publishes.
 */

/**
 * Splits a run that this attempt has. A later attempt keeps the parts that an earlier one has planned: some may be done.
 * False: the attempt was given up.
 */
export async function splitRun(
  transaction: Db,
  engine: Engine,
  run: Run,
  definitions: readonly object[],
  accountId?: string,
): Promise<boolean> {
  const now = await lockRun(transaction, run.id);
  if (now?.state !== 'running' || now.attempt !== run.attempt) return false;
  if ((await listParts(transaction, run.id)).length > 0) return true;
  const parts = definitions.map((definition, index) => ({
    runId: run.id,
    number: index + 1,
    definition: JSON.stringify(definition),
  }));
  await insertParts(transaction, parts);
  for (const { number } of parts) {
    await engine.send(transaction, { kind: 'part', runId: run.id, part: number, attempt: 1 }, { accountId });
  }
  return true;
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
  if ((await countLiveParts(transaction, run.id)) === 0) {
    await engine.send(transaction, { kind: 'finish', runId: run.id, attempt: 1 });
  }
  return true;
}

/** Gives a part that failed back to the queue, to be tried again at a time. False: the attempt was given up. */
export async function queuePartAgain(
  transaction: Db,
  engine: Engine,
  part: Part,
  again: { readonly at: Date; readonly error: ReceiptError; readonly accountId?: string | undefined },
): Promise<boolean> {
  const { runId, number, attempt } = part;
  const queued = await changePart(transaction, part, {
    state: 'queued',
    error: JSON.stringify(again.error),
  });
  if (!queued) return false;
  const job = { kind: 'part' as const, runId, part: number, attempt: attempt + 1 };
  await engine.send(transaction, job, { notBefore: again.at, accountId: again.accountId });
  return true;
}

/** What the parts together came to: the first failure counts, then a cancellation. */
export function outcomeOf(parts: readonly Part[]): PartEnd {
  const failed = parts.find(({ state }) => state === 'failed');
  if (failed) return { state: 'failed', error: (failed.error ?? undefined) as ReceiptError | undefined };
  return { state: parts.every(({ state }) => state === 'succeeded') ? 'succeeded' : 'canceled' };
}
