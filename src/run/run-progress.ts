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

/** How far something is. */
interface Passed {
  readonly rows: number;
  readonly bytes: number;
}

/** Writes it down. False: another worker has the work. */
export type Report = (passed: Passed) => Promise<boolean>;

/** Writes rows and bytes into a run and its events. */
export const reportRun =
  (db: Db, run: Run): Report =>
  async ({ rows, bytes }) => {
    const is = { state: ['running' as const], attempt: run.attempt };
    if (!(await changeRun(db, run.id, is, { rowsRead: rows, bytes }))) return false;
    await tellProgress(db, run, { rows, bytes });
    return true;
  };

/** What a person who follows the run sees. */
export async function tellProgress(db: Db, { id, attempt }: Run, passed: Passed): Promise<void> {
  const event = { runId: id, attempt, kind: 'progress' as const, ...passed };
  await insertRunEvents(db, [{ ...event, message: `${passed.rows} rows` }]);
}

/** Reports at most once a second. An attempt that was given up learns of it here: `lost` is aborted. */
export function reportProgress(report: Report, log: Log, lost: AbortController): RunProgress {
  let now = { rows: 0, bytes: 0 };
  let told = now;
  let reporting: Promise<void> = Promise.resolve();
  const reportNow = async () => {
    if (now === told) return;
    told = now;
    if (!(await report(told))) lost.abort(new AttemptLost('Another worker has the run.'));
  };
  const failed = (error: unknown) => log.warn('Progress cannot be written.', { error: String(error) });
  const timer = setInterval(() => {
    // A slow database is not asked again before it has answered.
    reporting = reporting.then(reportNow).catch(failed);
  }, interval).unref();
  return {
    tell: (rows, bytes) => void (now = { rows, bytes }),
    async stop() {
      clearInterval(timer);
      await reporting;
    },
  };
}
