import type { Judged } from '../figures.ts';
import { median } from '../measure.ts';
import { within } from './time-limits.ts';
import { newDataFolder } from './data-place.ts';
import { startService } from './started.ts';

/** From the start of the process until its API answers: on an empty folder, and again. */
export async function startUp(rounds: number): Promise<Judged[]> {
  const [first, second]: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round += 1) {
    await using stack = new AsyncDisposableStack();
    const folder = await newDataFolder(stack);
    for (const seconds of [first, second]) {
      const service = await startService(folder, 'all', stack);
      seconds.push(service.seconds);
      await service.end('SIGTERM');
    }
  }
  return [
    within('start on an empty folder until the API answers', median(first), 3, 's'),
    within('second start until the API answers', median(second), 1.5, 's'),
  ];
}
