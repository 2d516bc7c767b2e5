import { TemporaryError, UserError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Db } from '../store/database.ts';
import { explainStoreError } from '../store/explain-store-error.ts';
import type { Run } from '../store/run.ts';
import { type Writeback as SavedWriteback, findWriteback } from '../store/writeback.ts';
import { findWritebackVersion } from '../store/writeback-version.ts';
import { RunCanceled } from './cancel-watch.ts';
import { checkLocalOwnership } from './check-ownership.ts';
import { type AssemblyParts, type Definition, assemble } from './definition.ts';
import type { Engine } from './engine.ts';
import { hideSecrets } from './hide-secrets.ts';
import { type Receipt, receiptErrorOf } from './receipt.ts';
import { rowsAgainOf } from './rows-again.ts';
import { identityOf } from './run-identity.ts';
import { type RunLog, openRunLog } from './run-log.ts';
import { reportProgress } from './run-progress.ts';
import { type Outcome, settleRun } from './settle-run.ts';
import { type RunThreads, threadDied } from './run-threads.ts';
import { type Timings, startTimings } from './timings.ts';

/** What a run is worked on with. */
export interface RunParts extends AssemblyParts {
  readonly engine: Engine;
  /** Of the process; a run's own lines stand in the run's log. */
  readonly log: Log;
  readonly threads: Pick<RunThreads, 'move'>;
}

/** What a run is of, as it was when the run was started. */
interface Saved {
  readonly writeback: SavedWriteback;
  readonly definition: Definition;
}

/** The same, before it is known that all of it is still there. */
type Found = { readonly [Key in keyof Saved]: Saved[Key] | undefined };

/** So many attempts may end without a word, by a crash or a shutdown, before the run is given up. */
const mostCrashes = 20;

/**
 * One attempt of a run, from its definition to its end: succeeded, failed, canceled, or queued again. Throws when the attempt
 * was interrupted by a shutdown, by its thread's death or by the database's: then the queue gives it to a worker again.
 */
export async function executeRun(run: Run, parts: RunParts, signal: AbortSignal): Promise<void> {
  const log = await openRunLog(parts.db, run, parts.log);
  try {
    const saved = await savedOf(parts.db, run);
    const outcome = await attempt(run, saved, { ...parts, log }, signal);
    await log.close();
    if (outcome) await settleRun(run, saved, log.clean(outcome), parts);
  } finally {
    await log.close();
  }
}

async function savedOf(db: Db, { writebackId, version }: Run): Promise<Found> {
  const [writeback, stated] = await Promise.all([
    findWriteback(db, writebackId),
    findWritebackVersion(db, writebackId, version),
  ]);
  return { writeback, definition: stated?.definition as Definition | undefined };
}

/** Undefined: another worker has the run, and there is nothing to settle. */
async function attempt(
  run: Run,
  saved: Found,
  parts: RunParts & { readonly log: RunLog },
  signal: AbortSignal,
): Promise<Outcome | undefined> {
  const lost = new AbortController();
  const ended = AbortSignal.any([signal, lost.signal]);
  const timings = startTimings(run);
  try {
    const receipt = await move(run, saved, parts, { signal: ended, lost, timings });
    return { state: 'succeeded', receipt: { ...receipt, timings: timings.all() } };
  } catch (error) {
    if (lost.signal.aborted) return undefined;
    if (signal.aborted && !(signal.reason instanceof RunCanceled)) throw error;
    if (!signal.aborted && isOurs(run, error)) throw error;
    const state = signal.aborted ? 'canceled' : 'failed';
    return { state, error: receiptErrorOf(error) };
  }
}

/**
 * True when nothing is wrong with the run: the database was away, or the thread died, which it shares with other runs.
 * Only what dies again and again is at fault itself.
 */
function isOurs({ attempt: attempts, failures }: Run, error: unknown): boolean {
  if (!(error instanceof TemporaryError)) return false;
  return error.code.startsWith('store-') || (threadDied.includes(error.code) && attempts - failures <= 2);
}

/** How a run is ended from outside, and how it is watched. */
interface Watched {
  readonly signal: AbortSignal;
  readonly lost: AbortController;
  readonly timings: Timings;
}

async function move(
  run: Run,
  saved: Found,
  parts: RunParts & { readonly log: RunLog },
  { signal, lost, timings }: Watched,
): Promise<Receipt> {
  const { writeback: owned, definition } = requireRunnable(run, saved);
  const writeback = await prepare(owned, definition, parts);
  const again = await rowsAgainOf(parts.db, run);
  hideSecrets(writeback, parts.registry, parts.log);
  timings.end('prepared');
  const progress = reportProgress(parts.db, run, parts.log, lost);
  try {
    return await parts.threads.move({
      writeback,
      run: identityOf(run),
      dryRun: run.dryRun,
      again,
      log: parts.log,
      signal,
      started: ({ name, columns }, _, rows) => {
        timings.end('described');
        parts.log.info('The DataSet is read.', { dataset: name, columns: columns.length, rows });
      },
      progress: progress.tell,
    });
  } finally {
    timings.end('moved');
    await progress.stop();
  }
}

/** Throws what the checks throw; what the database says is told as its own. */
async function prepare(owned: SavedWriteback, definition: Definition, parts: AssemblyParts) {
  try {
    await checkLocalOwnership(definition, owned.ownerId, parts.db);
    return await assemble(definition, owned, parts);
  } catch (error) {
    throw explainStoreError(error);
  }
}

function requireRunnable({ attempt: attempts, failures }: Run, { writeback, definition }: Found): Saved {
  if (!writeback || !definition) {
    throw new UserError('writeback-deleted', 'The writeback was deleted before the run began.');
  }
  if (attempts - 1 - failures <= mostCrashes) return { writeback, definition };
  const sentence = `The run was given up: ${mostCrashes} times the process that worked on it ended.`;
  throw new UserError('run-given-up', sentence, {
    remedy: 'Look into the log of the workers; it may be memory. Then run it again.',
  });
}
