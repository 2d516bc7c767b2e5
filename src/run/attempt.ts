import type { Dataset } from '../dataset/dataset.ts';
import { TemporaryError, UserError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Db } from '../store/database.ts';
import { explainStoreError } from '../store/explain-store-error.ts';
import type { Run } from '../store/run.ts';
import { type Writeback as SavedWriteback, findWriteback } from '../store/writeback.ts';
import { findWritebackVersion } from '../store/writeback-version.ts';
import type { Traces } from '../traces.ts';
import { type CancelWatch, RunCanceled } from './cancel-watch.ts';
import { checkLocalOwnership } from './check-ownership.ts';
import { type AssemblyParts, type Definition, assemble } from './definition.ts';
import type { Engine } from './engine.ts';
import { hideSecrets } from './hide-secrets.ts';
import { type ReceiptError, receiptErrorOf } from './receipt.ts';
import { rowsAgainOf } from './rows-again.ts';
import { identityOf } from './run-identity.ts';
import { type RunLog, openRunLog } from './run-log.ts';
import { type Report, reportProgress } from './run-progress.ts';
import { type RunThreads, threadDied } from './run-threads.ts';
import type { Step, StepResult } from './step.ts';
import type { Timings } from './timings.ts';
import { traceAttempt } from './trace-attempt.ts';

/** What runs are worked on with. */
export interface RunParts extends AssemblyParts {
  readonly engine: Engine;
  /** Of the process; a run's own lines stand in the run's log. */
  readonly log: Log;
  readonly threads: Pick<RunThreads, 'take'>;
  readonly watch: Pick<CancelWatch, 'during'>;
  /** None where no traces are told. */
  readonly traces?: Traces | undefined;
}

/** The same, for one attempt. */
export interface AttemptParts extends RunParts {
  readonly log: RunLog;
}

/** What a run is of, as it was when the run was started; neither is there when it was deleted meanwhile. */
export interface Saved {
  readonly writeback: SavedWriteback | undefined;
  readonly definition: Definition | undefined;
}

/** One try at a run, a part of it or its finish. */
export interface Attempt {
  readonly run: Run;
  /** How often it was begun before without an end (`FetchedJob`). */
  readonly interrupted: number;
  /** Aborted when this process is to let go of it. */
  readonly signal: AbortSignal;
  readonly report: Report;
}

/** What is wrong with a run. */
export interface Failure {
  readonly state: 'failed' | 'canceled';
  readonly error: ReceiptError;
}

/** How an attempt ended. */
export type Attempted<T> =
  | { readonly state: 'succeeded'; readonly result: T; readonly timings: ReturnType<Timings['all']> }
  | Failure;

/** So many times it may be begun without an end, by crashes or shutdowns, before it is given up. */
const mostInterruptions = 20;

/** Lends what a run is of and a log of its own, which is complete when this has ended. */
export async function withRunLog(
  run: Run,
  parts: RunParts,
  use: (saved: Saved, parts: AttemptParts) => Promise<void>,
): Promise<void> {
  const log = openRunLog(parts.db, run, parts.log);
  try {
    await use(await savedOf(parts.db, run), { ...parts, log });
  } finally {
    await log.close();
  }
}

async function savedOf(db: Db, { writebackId, version }: Run): Promise<Saved> {
  const [writeback, stated] = await Promise.all([
    findWriteback(db, writebackId),
    findWritebackVersion(db, writebackId, version),
  ]);
  return { writeback, definition: stated?.definition as Definition | undefined };
}

/**
 * Takes one step of a run in a thread. Undefined: another worker has it, and there is nothing to settle. Throws when it was
 * interrupted by a shutdown, by its thread's death or by the database's: then the queue gives it to a worker again.
 */
export async function attempt<S extends Step>(
  step: S,
  one: Attempt,
  saved: Saved,
  parts: AttemptParts,
): Promise<Attempted<StepResult<S>> | undefined> {
  const { run, signal } = one;
  return traceAttempt(step, one, saved, parts, async (timings) => {
    // What is removed because the run is to stop is removed to the end.
    if (step.kind === 'discard') return attemptUntil(step, one, saved, parts, timings);
    return parts.watch.during(run.id, signal, async (either) =>
      attemptUntil(step, { ...one, signal: either }, saved, parts, timings),
    );
  });
}

async function attemptUntil<S extends Step>(
  step: S,
  one: Attempt,
  saved: Saved,
  parts: AttemptParts,
  timings: Timings,
): Promise<Attempted<StepResult<S>> | undefined> {
  const { signal, interrupted } = one;
  const lost = new AbortController();
  try {
    const result = await takeStep(step, one, saved, parts, { lost, timings });
    return { state: 'succeeded', result, timings: timings.all() };
  } catch (error) {
    if (lost.signal.aborted) return undefined;
    if (signal.aborted && !(signal.reason instanceof RunCanceled)) throw error;
    if (!signal.aborted && isOurs(interrupted, error)) throw error;
    return { state: signal.aborted ? 'canceled' : 'failed', error: receiptErrorOf(error) };
  } finally {
    // Its lines are there before its end is.
    await parts.log.close();
  }
}

/**
 * True when nothing is wrong with the run: the database was away, or the thread died, which it shares with other runs.
 * Only what dies again and again is at fault itself.
 */
function isOurs(interrupted: number, error: unknown): boolean {
  if (!(error instanceof TemporaryError)) return false;
  return error.code.startsWith('store-') || (threadDied.includes(error.code) && interrupted < 2);
}

async function takeStep<S extends Step>(
  step: S,
  { run, interrupted, signal, report }: Attempt,
  saved: Saved,
  { db, log, threads, ...parts }: AttemptParts,
  { lost, timings }: { lost: AbortController; timings: Timings },
): Promise<StepResult<S>> {
  const writeback = await prepare(saved, interrupted, { db, ...parts });
  const again = await rowsAgainOf(db, run);
  hideSecrets(writeback, parts.registry, log);
  timings.end('prepared');
  const progress = reportProgress(report, log, lost);
  const work = {
    writeback,
    run: identityOf(run),
    dryRun: run.dryRun,
    again,
    log,
    signal: AbortSignal.any([signal, lost.signal]),
    started: ({ name, columns }: Dataset, _: unknown, rows: number | undefined) => {
      timings.end('described');
      log.info('The DataSet is read.', { dataset: name, columns: columns.length, rows });
    },
    progress: progress.tell,
  };
  try {
    return await threads.take(work, step);
  } finally {
    timings.end(step.kind === 'finish' ? 'published' : 'moved');
    await progress.stop();
  }
}

/** Throws what the checks throw; what the database says is told as its own. */
async function prepare(saved: Saved, interrupted: number, parts: AssemblyParts) {
  const { writeback, definition } = saved;
  if (!writeback || !definition)
    throw new UserError('writeback-deleted', 'The writeback was deleted before the run began.');
  if (interrupted > mostInterruptions) throw givenUp();
  try {
    await checkLocalOwnership(definition, writeback.ownerId, parts.db);
    return await assemble(definition, writeback, parts);
  } catch (error) {
    throw explainStoreError(error);
  }
}

function givenUp(): UserError {
  const sentence = `The run was given up: ${mostInterruptions} times the process that worked on it ended.`;
  return new UserError('run-given-up', sentence, {
    remedy: 'Look into the log of the workers; it may be memory. Then run it again.',
  });
}
