import { writeAudit } from '../store/audit.ts';
import type { Db } from '../store/database.ts';
import { type Run, lockRun } from '../store/run.ts';
import { deleteProgress } from '../store/run-event.ts';
import { updateWriteback } from '../store/writeback.ts';
import { recordAlerts } from './alert/record-alerts.ts';
import type { Failure, Saved } from './attempt.ts';
import { RunCanceled } from './cancel-watch.ts';
import { notOwnerCodes } from './check-ownership.ts';
import type { Engine } from './engine.ts';
import { keepRejected } from './keep-rejected.ts';
import { type Receipt, receiptErrorOf } from './receipt.ts';
import { retryAt } from './retry-at.ts';
import { endRun, queueAgain } from './run.ts';
import { startFollowers } from './start-followers.ts';
import { writeOutput } from './write-output.ts';
import { writeDown } from './write-down.ts';

/** How an attempt ended, without secrets. */
export type Outcome =
  | { readonly state: 'succeeded'; readonly receipt: Receipt & { readonly timings: object } }
  /** `isFinal`: it is not tried again, whatever the error and the schedule say. */
  | (Failure & { readonly isFinal?: boolean });

/** What is written with. */
interface SettleParts {
  readonly db: Db;
  readonly engine: Engine;
}

/** Writes down how an attempt ended, all of it or nothing. When the attempt was given up, nothing is changed. */
export async function settleRun(run: Run, saved: Saved, outcome: Outcome, parts: SettleParts): Promise<void> {
  await writeDown(parts.db, (transaction) => settle(transaction, run, saved, outcome, parts));
}

async function settle(
  transaction: Db,
  run: Run,
  saved: Saved,
  outcome: Outcome,
  { engine }: Pick<SettleParts, 'engine'>,
): Promise<void> {
  if (outcome.state === 'succeeded') {
    await succeed(transaction, run, saved, outcome.receipt, engine);
    return;
  }
  const { state, error } = outcome;
  const { writeback, definition } = saved;
  const mayPass = state === 'failed' && !outcome.isFinal;
  const at = mayPass ? retryAt(definition?.retry, { ...run, error }, new Date()) : undefined;
  if (at && (await lockRun(transaction, run.id))?.cancelRequestedAt) {
    // The wish came when the attempt was failing: nobody would look at it before the next one.
    const canceled = {
      state: 'canceled' as const,
      error: receiptErrorOf(new RunCanceled('The run was canceled.')),
    };
    return settle(transaction, run, saved, canceled, { engine });
  }
  if (at) {
    await queueAgain(transaction, engine, run, { at, error, accountId: writeback?.accountId ?? undefined });
    return;
  }
  const isPaused = writeback !== undefined && notOwnerCodes.includes(error.code);
  if (isPaused) await pause(transaction, run, error.message);
  const ended = await endRun(transaction, run, { state, error });
  if (!ended && isPaused)
    throw new Error('Another worker has the run: its writeback is not paused for this one.');
  if (!ended || !writeback) return;
  await recordAlerts(transaction, { writeback, definition }, ended, isPaused);
  await deleteProgress(transaction, run.id);
}

async function succeed(transaction: Db, run: Run, saved: Saved, receipt: SucceededReceipt, engine: Engine) {
  const { rowsRead, rowsWritten, rowsRejected, bytes } = receipt;
  const { rejected, rejectedFrom, ...kept } = receipt;
  const counts = { rowsRead, rowsWritten, rowsRejected, bytes };
  const ended = await endRun(transaction, run, { state: 'succeeded', receipt: kept, ...counts });
  if (!ended) return;
  await deleteProgress(transaction, run.id);
  await keepRejected(transaction, run.id, { rejected, rejectedFrom });
  if (!saved.writeback || run.dryRun) return;
  await writeOutput(transaction, run, saved.definition ?? {}, receipt);
  await recordAlerts(transaction, { ...saved, writeback: saved.writeback }, ended);
  await startFollowers(transaction, engine, saved.writeback);
}

type SucceededReceipt = Extract<Outcome, { state: 'succeeded' }>['receipt'];

/**
 * Until a person has seen to it, nothing runs by itself. The entry of the audit log comes before anything else of the transaction:
 * whoever cancels the run has that log first and the run then.
 */
async function pause(transaction: Db, { id, writebackId }: Run, why: string): Promise<void> {
  const details = { because: why, run: id };
  await writeAudit(transaction, {
    actor: 'service',
    action: 'writeback.pause',
    target: writebackId,
    details,
  });
  await updateWriteback(transaction, writebackId, { state: 'paused', pausedBecause: why });
}
