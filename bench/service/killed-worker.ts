import { setTimeout as sleep } from 'node:timers/promises';
import type { Data } from '../data.ts';
import type { Judged } from '../figures.ts';
import { within } from './time-limits.ts';
import type { Place } from './data-place.ts';
import { startService } from './started.ts';
import { ended, runNow, runThat } from './writes.ts';

/** From the death of a worker until another works on its run: the longest of some rounds. */
export async function killedWorker(
  place: Place,
  { url, writebackId, data, rounds }: { url: string; writebackId: string; data: Data; rounds: number },
): Promise<Judged[]> {
  await using stack = new AsyncDisposableStack();
  const took: number[] = [];
  let victim = await startService(place.folder, 'worker', stack);
  for (let round = 0; round < rounds; round += 1) {
    const other = await startService(place.folder, 'worker', stack);
    const id = await runNow(url, place, writebackId);
    const begun = await runThat(place, id, ({ state }) => state === 'running');
    await sleep(500 * Math.random());
    const [first, second] = begun.worker?.endsWith(`:${other.pid}`) ? [other, victim] : [victim, other];
    await first.end('SIGKILL');
    const killed = performance.now();
    await runThat(place, id, ({ attempt }) => attempt > begun.attempt);
    took.push((performance.now() - killed) / 1000);
    await ended(place, id, data);
    victim = second;
  }
  return [
    within(
      `a worker is killed (kill -9): another has its run, the longest of ${rounds} times`,
      Math.max(...took),
      15,
      's',
    ),
  ];
}
