import { hostname } from 'node:os';
import type { Store } from '../store/open.ts';
import { requireFittingSchema } from '../store/migrate.ts';
import { takePart } from '../store/part.ts';
import { findRun } from '../store/run.ts';
import type { RunParts } from './attempt.ts';
import { watchCanceled } from './cancel-watch.ts';
import type { FetchedJob, WorkLimits } from './engine.ts';
import { executeFinish } from './execute-finish.ts';
import { executePart } from './execute-part.ts';
import { type Hold, executeRun } from './execute-run.ts';
import { takeRun } from './run.ts';
import { openRunThreads } from './run-threads.ts';

/** The worker of this process. */
export interface RunWorker {
  /**
   * Interrupts what is still worked on: it goes on elsewhere. To be called after the engine has stopped, which waits for the runs
   * a while.
   */
  stop(): Promise<void>;
}

/** What a worker works with. */
export interface WorkerParts extends Omit<RunParts, 'threads' | 'watch'>, WorkLimits, Pick<Store, 'pool'> {
  /** The module that the threads of runs begin with (`run-threads.ts`). */
  readonly entry: URL;
}

/** Does one piece of work, if it is still to be done. */
async function workOn(job: FetchedJob, worker: string, hold: Hold, parts: RunParts): Promise<void> {
  const { db } = parts;
  const { kind, runId, part: number } = job;
  if (kind === 'part') {
    const part = await takePart(db, runId, number!);
    const run = part && (await findRun(db, runId));
    return run && executePart(part, run, hold, parts);
  }
  const run = await takeRun(db, runId, worker, kind === 'run' ? 'begin' : 'finish');
  if (!run) return;
  await (kind === 'run' ? executeRun(run, hold, parts) : executeFinish(run, hold, parts));
}

/**
 * The role *worker*: takes runs, parts and finishes that are queued, as many at once as there are slots, and moves their rows in
 * threads. Before each it makes sure that the database is not a newer release's.
 */
export async function workOnRuns(given: WorkerParts): Promise<RunWorker> {
  const { db, engine, log, pool, slots, perAccount } = given;
  const threads = openRunThreads(given.entry);
  const watch = watchCanceled(db, log);
  const parts: RunParts = { ...given, threads, watch };
  const name = `${hostname()}:${process.pid}`;
  const halt = new AbortController();
  const active = new Set<Promise<void>>();
  const work = async (job: FetchedJob, signal: AbortSignal) => {
    await requireFittingSchema(pool);
    const hold = { interrupted: job.interrupted, signal: AbortSignal.any([signal, halt.signal]) };
    await workOn(job, name, hold, parts);
  };
  await engine.work({ slots, perAccount }, async (job, signal) => {
    const working = work(job, signal);
    active.add(working);
    try {
      await working;
    } catch (error) {
      const { kind, runId: run, part } = job;
      log.warn('Some work is given back to the queue.', { kind, run, part, error: String(error) });
      throw error;
    } finally {
      active.delete(working);
    }
  });
  return {
    async stop() {
      halt.abort(new Error('The worker stops.'));
      await Promise.allSettled(active);
      watch.stop();
      await threads.close();
    },
  };
}
