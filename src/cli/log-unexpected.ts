import { isTold } from '../errors.ts';
import type { Log } from '../log.ts';

/** An error that is not a sentence for the person is a mistake of ours: its stack goes to the log, for a report. */
export function logUnexpected(error: unknown, log: Log): void {
  if (isTold(error)) return;
  log.warn('unexpected error', { stack: error instanceof Error ? error.stack : String(error) });
}
