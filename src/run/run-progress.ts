import type { Log } from '../log.ts';
import type { Db } from '../store/database.ts';
import { type Run, changeRun } from '../store/run.ts';
import { insertRunEvents } from '../store/run-event.ts';

/** Milliseconds between two reports. */
const interval = 1_000;

/** The reason of the signal when another worker has the run: this one must not touch the destination any more. */
export class AttemptLost extends Error {
  override readonly name = 'AttemptLost';
}

/** Keeps how far a run is. */
export interface RunProgress {
  readonly tell: (rows: number, bytes: number) => void;
  /** No report is on its way any more. */
  stop(): Promise<void>;
}

/**
 * Writes rows and bytes into the run and its events, at most once a second. An attempt that was given up learns of it here:
 * `lost` is aborted.
 */
export function reportProgress(db: Db, run: Run, log: Log, lost: AbortController): RunProgress {
  let now = { rows: 0, bytes: 0 };
  let told = now;
  let reporting: Promise<void> = Promise.resolve();
  const report = async () => {
    if (now === told) return;
    told = now;
    const { rows, bytes } = told;
    const is = { state: ['running' as const], attempt: run.attempt };
    if (!(await changeRun(db, run.id, is, { rowsRead: rows, bytes }))) {
      lost.abort(new AttemptLost('Another worker has the run.'));
      return;
    }
    const event = { runId: run.id, attempt: run.attempt, kind: 'progress' as const, rows, bytes };
    await insertRunEvents(db, [{ ...event, message: `${rows} rows` }]);
  };
  const failed = (error: unknown) => log.warn('Progress cannot be written.', { error: String(error) });
  const timer = setInterval(() => {
    // A slow database is not asked again before it has answered.
    reporting = reporting.then(report).catch(failed);
  }, interval).unref();
  return {
    tell: (rows, bytes) => void (now = { rows, bytes }),
    async stop() {
      clearInterval(timer);
      await reporting;
    },
  };
}
