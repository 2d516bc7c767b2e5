import type { Log } from '../log.ts';
import type { Db } from '../store/database.ts';
import { runsToStop } from '../store/run.ts';

/** Milliseconds between two looks: a run is to stop within two seconds of the wish. */
const interval = 1000;

/** Sees when a run that this process works on is to stop: somebody wishes it, or another part of it failed. */
export interface CancelWatch {
  /** Does some work with a signal that is aborted when its run is to stop, or when `signal` is. */
  during<T>(runId: string, signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T>;
  stop(): void;
}

/** The reason of the signal. */
export class RunCanceled extends Error {
  override readonly name = 'RunCanceled';
}

/**
 * One query a second for all runs of this process, while there are any. A wish is kept in the run itself and not only
 * sent: it outlives the worker it was meant for.
 */
export function watchCanceled(db: Db, log: Log): CancelWatch {
  const watched = new Map<AbortController, string>();
  const look = async () => {
    if (watched.size === 0) return;
    const ids = new Set(await runsToStop(db, [...new Set(watched.values())]));
    for (const [controller, id] of watched) {
      if (ids.has(id)) controller.abort(new RunCanceled('The run was canceled.'));
    }
  };
  const timer = setInterval(() => {
    look().catch((error: unknown) => log.warn('Wishes to cancel cannot be seen.', { error: String(error) }));
  }, interval);
  timer.unref();
  return {
    async during(runId, signal, work) {
      const controller = new AbortController();
      watched.set(controller, runId);
      try {
        return await work(AbortSignal.any([signal, controller.signal]));
      } finally {
        watched.delete(controller);
      }
    },
    stop: () => clearInterval(timer),
  };
}
