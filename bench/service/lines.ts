import type { Judged } from '../figures.ts';

/** A line that must not be passed. */
export function atMost(line: string, reached: number, wanted: number, unit: 's' | 'ms'): Judged {
  const digits = unit === 's' ? 2 : 0;
  const shown = `${reached.toFixed(digits)} ${unit}`;
  return {
    line: `${line} ≤ ${wanted} ${unit}`,
    reached: shown,
    met: reached <= wanted,
    share: wanted / reached,
  };
}

/** The value that a share of them stay below or at. Throws when there are none. */
export function percentile(values: readonly number[], share: number): number {
  const found = values.toSorted((a, b) => a - b)[Math.ceil(values.length * share) - 1];
  if (found === undefined) throw new Error('There is no percentile of nothing.');
  return found;
}
