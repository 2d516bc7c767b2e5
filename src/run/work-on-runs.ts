import { hostname } from 'node:os';
import type { Store } from '../store/open.ts';
import { requireFittingSchema } from '../store/migrate.ts';
import { watchCanceled } from './cancel-watch.ts';
import type { WorkLimits } from './engine.ts';
import { type RunParts, executeRun } from './execute-run.ts';
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
export interface WorkerParts extends Omit<RunParts, 'threads'>, WorkLimits, Pick<Store, 'pool'> {
  /** The module that the threads of runs begin with (`run-threads.ts`). */
  readonly entry: URL;
}

/**
 * The role *worker*: takes queued runs, as many at once as there are slots, and moves their rows in threads. Before each it makes
 * sure that the database is not a newer release's.
 */
export async function workOnRuns(given: WorkerParts): Promise<RunWorker> {
  const { db, engine, log, pool, slots, perAccount } = given;
  const threads = openRunThreads(given.entry);
  const parts: RunParts = { ...given, threads };
  const name = `${hostname()}:${process.pid}`;
  const watch = watchCanceled(db, log);
  const halt = new AbortController();
  const active = new Set<Promise<void>>();
  const work = async (runId: string, signal: AbortSignal) => {
    await requireFittingSchema(pool);
    const run = await takeRun(db, runId, name);
    if (!run) return;
    const either = AbortSignal.any([signal, halt.signal]);
    await watch.during(run.id, either, async (any) => executeRun(run, parts, any));
  };
  await engine.work('run', { slots, perAccount }, async ({ runId }, signal) => {
    const working = work(runId, signal);
    active.add(working);
    try {
      await working;
    } catch (error) {
      log.warn('A run is given back to the queue.', { run: runId, error: String(error) });
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
