import type { ReceiptError } from './receipt.ts';
import type { Engine } from './engine.ts';
import { claimRun } from '../store/claim-run.ts';
import type { Db } from '../store/database.ts';
import { type NewRun, type Run, type RunIs, accountOfRun, changeRun, insertRuns } from '../store/run.ts';
import { insertRunEvents } from '../store/run-event.ts';
import { reviveParts, stopParts } from './parts.ts';

/*
 * The states of a run, and who moves it. Nothing else changes them.
 *
 *   from              to          by                                            attempt
 *   -                 queued      startRuns: with its job, in one transaction   0
 *   queued            running     takeRun: a worker has its job                 + 1
 *   running           running     takeRun: its worker was given up, or all its
 *                                 parts are done and a worker finishes it       + 1
 *   running           queued      queueAgain: failed, and to be tried again     same; failures + 1
 *   running           succeeded   endRun                                        same
 *   running           failed      endRun                                        same
 *   queued            canceled    cancelRun: nobody works on it                 same
 *   running           canceled    endRun: its worker saw the wish to cancel     same
 *
 * A worker's every change names the attempt it was given: one that was given up and wakes again changes nothing.
 */

/** Starts a run in the transaction of whoever wants it. Throws `isDuplicate(error, liveRunIndex)` while another is on its way. */
export async function startRun(
  transaction: Db,
  engine: Engine,
  run: NewRun,
  accountId?: string,
): Promise<Run> {
  const [queued] = await startRuns(transaction, engine, [{ run, accountId }]);
  return queued!;
}

/** Starts many, in as many statements as one: the schedules of midnight are many. Throws as for one. */
export async function startRuns(
  transaction: Db,
  engine: Engine,
  wanted: readonly { readonly run: NewRun; readonly accountId?: string | undefined }[],
): Promise<Run[]> {
  const accounts = new Map(wanted.map(({ run, accountId }) => [run.id, accountId]));
  const queued = await insertRuns(
    transaction,
    wanted.map(({ run }) => run),
  );
  await insertRunEvents(
    transaction,
    queued.map(({ id }) => ({ runId: id, attempt: 0, kind: 'state', message: 'Queued.' })),
  );
  const jobs = queued.map(({ id }) => ({ runId: id, attempt: 1, accountId: accounts.get(id) }));
  await engine.sendAll(transaction, 'run', jobs);
  return queued;
}

/** What a worker does first, also who finishes a run in parts. Undefined: the run is past that, and there is nothing to do. */
export async function takeRun(
  db: Db,
  id: string,
  worker: string,
  stage: 'begin' | 'finish' = 'begin',
): Promise<Run | undefined> {
  return db.transaction().execute(async (transaction) => {
    const taken = await claimRun(transaction, id, worker, stage);
    if (taken) await tell(transaction, taken, `Attempt ${taken.attempt} began.`);
    return taken;
  });
}

/** How a run ended. */
export interface RunEnd {
  readonly state: 'succeeded' | 'failed' | 'canceled';
  readonly receipt?: object | undefined;
  readonly error?: ReceiptError | undefined;
  readonly rowsRead?: number;
  readonly rowsWritten?: number;
  readonly rowsRejected?: number;
  readonly bytes?: number;
}

/** Ends a run that this attempt has. Undefined: the attempt was given up, and nothing is changed. */
export async function endRun(transaction: Db, run: Run, end: RunEnd): Promise<Run | undefined> {
  const { receipt, error, ...rest } = end;
  const ended = await changeRun(
    transaction,
    run.id,
    { state: ['running'], attempt: run.attempt },
    {
      ...rest,
      finishedAt: new Date(),
      ...(receipt && { receipt: JSON.stringify(receipt) }),
      error: error ? JSON.stringify(error) : null,
    },
  );
  if (ended)
    await tell(transaction, ended, `The run ${end.state === 'canceled' ? 'was canceled' : end.state}.`);
  return ended;
}

/** Gives a run that failed back to the queue, to be tried again at a time. Undefined: the attempt was given up. */
export async function queueAgain(
  transaction: Db,
  engine: Engine,
  run: Run,
  again: { readonly at: Date; readonly error: ReceiptError; readonly accountId?: string | undefined },
): Promise<Run | undefined> {
  const is: RunIs = { state: ['running'], attempt: run.attempt };
  const change = {
    state: 'queued' as const,
    worker: null,
    failures: run.failures + 1,
    plan: null,
    error: JSON.stringify(again.error),
  };
  const queued = await changeRun(transaction, run.id, is, change);
  if (!queued) return undefined;
  await tell(transaction, queued, `The next attempt begins at ${again.at.toISOString()}.`);
  const job = { kind: 'run' as const, runId: run.id, attempt: run.attempt + 1 };
  await engine.send(transaction, job, { notBefore: again.at, accountId: again.accountId });
  return queued;
}

/**
 * Cancels a run: at once when nobody works on it; else its workers see the wish within a second, and so does the next
 * one, should a worker be dead. Undefined when the run is over already.
 */
export async function cancelRun(transaction: Db, engine: Engine, id: string): Promise<Run | undefined> {
  const now = new Date();
  const idle = { state: 'canceled' as const, cancelRequestedAt: now, finishedAt: now };
  const canceled = await changeRun(transaction, id, { state: ['queued'] }, idle);
  if (canceled) await tell(transaction, canceled, 'The run was canceled.');
  if (canceled) return canceled;
  const wished = await changeRun(transaction, id, { state: ['running'] }, { cancelRequestedAt: now });
  if (wished?.plan) await stopParts(transaction, engine, wished);
  return wished;
}

/** Sends the job of every live run that has none: after a dump was restored, whose runs come without the queue. */
export async function reviveRuns(db: Db, engine: Engine): Promise<number> {
  const live = await db
    .selectFrom('run')
    .selectAll()
    .where('state', 'in', ['queued', 'running'])
    .orderBy('id')
    .execute();
  let revived = 0;
  for (const run of live) {
    if (await isInQueue(engine, run)) continue;
    await db.transaction().execute((transaction) => revive(transaction, engine, run));
    revived++;
  }
  return revived;
}

async function isInQueue(engine: Engine, { id, plan }: Run): Promise<boolean> {
  const kinds = plan ? (['part', 'finish'] as const) : (['run'] as const);
  const found = await Promise.all(kinds.map(async (kind) => engine.isQueued(kind, id)));
  return found.includes(true);
}

async function revive(transaction: Db, engine: Engine, run: Run): Promise<void> {
  const { id, attempt, plan } = run;
  if (plan) return reviveParts(transaction, engine, run);
  const accountId = await accountOfRun(transaction, id);
  await engine.send(transaction, { kind: 'run', runId: id, attempt: attempt + 1 }, { accountId });
}

async function tell(transaction: Db, { id, attempt }: Run, message: string): Promise<void> {
  await insertRunEvents(transaction, [{ runId: id, attempt, kind: 'state', message }]);
}
