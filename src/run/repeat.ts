import { setTimeout as sleep } from 'node:timers/promises';

/** Does some work again and again until `signal`, with a pause between; what fails is told and done again. Resolves when it has ended. */
export async function repeat(
  pause: number,
  signal: AbortSignal,
  failed: (error: unknown) => void,
  work: () => Promise<unknown>,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await work();
    } catch (error) {
      if (!signal.aborted) failed(error);
    }
    // Only the abort ends it early.
    await sleep(pause, undefined, { signal }).catch(() => {});
  }
}
