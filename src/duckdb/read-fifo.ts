import { closeSync } from 'node:fs';
import { openBothEnds } from './fifo.ts';
import { PipeThread, emptyBlock } from './pipe-thread.ts';

/** A batch of documents is made of 4 MB: meanwhile the query goes on. */
const blocksToRead = 6;

async function* blocksOf(thread: PipeThread): AsyncGenerator<Uint8Array> {
  for (let count = 0; count < blocksToRead; count += 1) thread.give(emptyBlock());
  for (let block = await thread.take(); block !== undefined; block = await thread.take()) {
    const { bytes, filled } = block;
    if (filled > 0) yield bytes.subarray(0, filled);
    if (filled < bytes.length) return;
    thread.give({ bytes, filled: 0 });
  }
}

/**
 * The bytes that `produce` makes another thread write into the FIFO; a chunk is valid until the next pull. The stream ends
 * when `produce` has settled and the pipe is empty; if it rejected, its error is thrown then. Leaving early closes the pipe
 * (the writer sees EPIPE), aborts the signal given to `produce` and waits until it has settled. The pipe's 64 KB and a few
 * blocks are the backpressure.
 */
export async function* readFifo(
  path: string,
  produce: (signal: AbortSignal) => Promise<unknown>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  signal.throwIfAborted();
  const stop = new AbortController();
  const ends = openBothEnds(path);
  const thread = new PipeThread({ fd: ends.read, way: 'read' }, signal);
  const produced = produce(AbortSignal.any([signal, stop.signal])).finally(() => closeSync(ends.write));
  const settled = produced.catch(() => {});
  try {
    yield* blocksOf(thread);
    await produced;
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    stop.abort();
    await thread.close();
    await settled;
  }
}
