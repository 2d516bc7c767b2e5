import type { Judged } from '../figures.ts';
import { percentile, within } from './time-limits.ts';
import type { Place } from './data-place.ts';

/** One call to its last byte; milliseconds. Throws when it is refused. */
async function call(url: string, headers: Place['headers']): Promise<number> {
  const begun = performance.now();
  const answer = await fetch(url, { headers });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${url} was answered ${answer.status}: ${text}`);
  return performance.now() - begun;
}

/** What is asked for most, by the path below `/api`. */
const lists = [
  '/runs',
  '/runs?limit=200',
  '/runs?state=failed',
  '/runs?state=running',
  '/runs?writebackId=writeback_00000000000000000000000000000777',
  '/runs?after=run_00000000000000000000000000050000',
  '/writebacks',
  '/writebacks?limit=200',
  '/writebacks?state=failing',
  '/accounts',
];

/** How long lists take, one call after another: the slowest of them by its p95. */
export async function callLists(url: string, { headers }: Place, times: number): Promise<Judged[]> {
  const slowest = { path: '', late: 0 };
  for (const path of lists) {
    const took: number[] = [];
    for (let time = 0; time < times; time += 1) took.push(await call(`${url}/api${path}`, headers));
    const late = percentile(took, 0.95);
    if (late > slowest.late) Object.assign(slowest, { path, late });
  }
  return [
    within(
      `lists with 100,000 runs and 10,000 writebacks, p95 of the slowest (${slowest.path})`,
      slowest.late,
      100,
      'ms',
    ),
  ];
}

/** Calls one list after another until the signal, each when the one before is answered; gives the milliseconds that each took. */
export async function callUntil(url: string, { headers }: Place, signal: AbortSignal): Promise<number[]> {
  const took: number[] = [];
  for (let at = 0; !signal.aborted; at += 1)
    took.push(await call(`${url}/api${lists[at % lists.length]}`, headers));
  return took;
}
