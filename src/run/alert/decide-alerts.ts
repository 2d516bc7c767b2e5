import type { AlertKind } from '../../store/alert.ts';

/** What alerts look at of a run that is over. */
export interface RunFacts {
  readonly state: 'succeeded' | 'failed' | 'canceled';
  readonly rowsRead: number;
  readonly rowsRejected: number;
  /** Nothing was sent, because the destination had the DataSet's state already. */
  readonly unchanged: boolean;
}

/** What was before: the last run that succeeded or failed, and the last that succeeded. */
export interface Before {
  readonly last: RunFacts | undefined;
  readonly lastSuccess: RunFacts | undefined;
}

/**
 * What there is to tell of a run: that something is other than before. A writeback that fails every night is told of once,
 * and once more when it works again. `threshold`: so many rejected rows are nothing to tell of.
 */
export function decideAlerts({ last, lastSuccess }: Before, now: RunFacts, threshold = 0): AlertKind[] {
  if (now.state === 'canceled') return [];
  if (now.state === 'failed') return last?.state === 'failed' ? [] : ['failed'];
  const kinds: AlertKind[] = last?.state === 'failed' ? ['recovered'] : [];
  if (now.unchanged) return kinds;
  if (now.rowsRead === 0 && lastSuccess?.rowsRead !== 0) kinds.push('no-data');
  const rejectedBefore = lastSuccess?.rowsRejected ?? 0;
  if (now.rowsRejected > threshold && rejectedBefore <= threshold) kinds.push('rejected-rows');
  return kinds;
}
