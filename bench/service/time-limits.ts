import { type Judged, atMost } from '../figures.ts';

/** What must not take longer than a time. */
export function within(what: string, reached: number, wanted: number, unit: 's' | 'ms'): Judged {
  const digits = unit === 's' ? 2 : 0;
  return atMost(
    `${what} ≤ ${wanted} ${unit}`,
    reached,
    wanted,
    (value) => `${value.toFixed(digits)} ${unit}`,
  );
}

/** The value that a share of them stay below or at. Throws when there are none. */
export function percentile(values: readonly number[], share: number): number {
  const found = values.toSorted((a, b) => a - b)[Math.ceil(values.length * share) - 1];
  if (found === undefined) throw new Error('There is no percentile of nothing.');
  return found;
}
