import type { RunCause } from '../store/run.ts';
import type { Definition } from './definition.ts';
import type { ReceiptError } from './receipt.ts';

const minute = 60_000;
/** Milliseconds; a wait that doubles is soon longer than anybody meant. */
const longestWait = 24 * 60 * minute;

/** What has failed. */
export interface Failure {
  readonly cause: RunCause;
  /** How often this run has failed before. */
  readonly failures: number;
  readonly error: ReceiptError;
}

/**
 * When a run that failed is tried again; undefined: not at all. Only what began by itself is retried, as Domo does, and
 * only what may pass. The wait doubles each time, and is never shorter than the far side asked for.
 */
export function retryAt(
  retry: Definition['retry'],
  { cause, failures, error }: Failure,
  now: Date,
): Date | undefined {
  const isWatched = cause === 'manual' || cause === 'rejected-rows';
  if (!retry || isWatched || !error.temporary || failures >= retry.times) return undefined;
  const wait = Math.min(retry.everyMinutes * minute * 2 ** failures, longestWait);
  return new Date(now.getTime() + Math.max(wait, (error.retryAfter ?? 0) * 1000));
}
