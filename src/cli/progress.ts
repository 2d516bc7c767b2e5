import { bytes, count, duration } from './amounts.ts';
import type { CliContext } from './command.ts';

/** Shows how far a run is: one moving line on a terminal, a plain line every ten seconds elsewhere. */
export interface Progress {
  /** What is known before the first row. */
  expect(rows: number | undefined): void;
  /** Totals so far. */
  update(rows: number, bytes: number): void;
  /** Takes the moving line away. */
  end(): void;
}

const livelyInterval = 100;
const plainInterval = 10_000;

function line(rows: number, read: number, expected: number | undefined, passed: number): string {
  const perSecond = (amount: number) => (amount / Math.max(passed, 1)) * 1000;
  const whole = expected === undefined ? '' : ` of ${count(expected)}`;
  const left =
    expected !== undefined && rows > 0 && rows < expected ? (passed / rows) * (expected - rows) : undefined;
  return [
    `${count(rows)}${whole} rows`,
    bytes(read),
    `${count(perSecond(rows))} rows/s`,
    `${bytes(perSecond(read))}/s`,
    ...(left === undefined ? [] : [`${duration(left)} left`]),
  ].join('  ');
}

/** A progress that stays silent when `quiet`. */
export function createProgress(
  { err, lively }: Pick<CliContext, 'err' | 'lively'>,
  quiet: boolean,
): Progress {
  const startedAt = performance.now();
  let shownAt = startedAt;
  let expected: number | undefined;
  let shown = false;
  return {
    expect: (rows) => void (expected = rows),
    update(rows, read) {
      const now = performance.now();
      if (quiet || now - shownAt < (lively ? livelyInterval : plainInterval)) return;
      shownAt = now;
      shown = lively;
      const text = line(rows, read, expected, now - startedAt);
      err(lively ? `\r\u001B[K${text}` : `${text}\n`);
    },
    end: () => void (shown && err('\r\u001B[K')),
  };
}
