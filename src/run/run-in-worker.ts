import type { Receipt } from './receipt.ts';
import { type RunInThread, openRunThreads } from './run-threads.ts';

/** One run to do in another thread. */
export type RunInWorker = RunInThread;

/** `moveRows` in a thread that is opened for it and ends with it (`RunThreads.take`). */
export async function moveRowsInWorker(work: RunInWorker, entry: URL): Promise<Receipt> {
  const threads = openRunThreads(entry, 1);
  try {
    return await threads.take(work, { kind: 'whole' });
  } finally {
    await threads.close();
  }
}
