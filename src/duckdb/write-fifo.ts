import { closeSync } from 'node:fs';
import { nudge, openBothEnds } from './fifo.ts';
import { type Block, PipeThread, emptyBlock } from './pipe-thread.ts';

/** DuckDB takes CSV in pieces of 16 MB: while it works on one, the next gets ready. */
const blocksToWrite = 20;

/** Chunks of any size, copied into blocks that a thread writes. */
class PipeWriter {
  readonly #thread: PipeThread;
  #made = 0;
  #block: Block | undefined;

  constructor(thread: PipeThread) {
    this.#thread = thread;
  }

  /** Resolves when the chunk is copied. Throws what broke the pipe. */
  async write(chunk: Uint8Array): Promise<void> {
    for (let from = 0; from < chunk.length;) {
      const { bytes, filled } = (this.#block ??= await this.#next());
      const part = chunk.subarray(from, from + bytes.length - filled);
      bytes.set(part, filled);
      from += part.length;
      this.#block = { bytes, filled: filled + part.length };
      if (this.#block.filled === bytes.length) this.flush();
    }
  }

  flush(): void {
    if (this.#block) this.#thread.give(this.#block);
    this.#block = undefined;
  }

  async #next(): Promise<Block> {
    if (this.#made < blocksToWrite) {
      this.#made += 1;
      return emptyBlock();
    }
    const block = await this.#thread.take();
    if (block === undefined) throw new Error('The thread of a pipe has ended.');
    return { bytes: block.bytes, filled: 0 };
  }
}

/** Why the input ended early: the body broke, or the pipe did because its reader is gone. */
type Failure = { readonly of: 'body' | 'pipe'; readonly error: unknown };

/**
 * Pulls from `iterator` until `gone` resolves, which ends a pull that is under way. `Promise.race` with a promise that
 * lives as long as the stream would keep every chunk in memory until the end.
 */
function pullUntil<T>(
  iterator: AsyncIterator<T>,
  gone: Promise<undefined>,
): () => Promise<IteratorResult<T> | undefined> {
  let isGone = false;
  let wake: (value: undefined) => void = () => undefined;
  void gone.then(() => {
    isGone = true;
    wake(undefined);
  });
  return () =>
    new Promise((resolve, reject) => {
      if (isGone) return resolve(undefined);
      wake = resolve;
      iterator.next().then(resolve, reject);
    });
}

/** Writes the body until it ends, breaks, or the reader is gone (`gone` resolves): a slow body is not waited for then. */
async function pump(
  body: AsyncIterable<Uint8Array>,
  writer: PipeWriter,
  gone: Promise<undefined>,
): Promise<Failure | undefined> {
  const iterator = body[Symbol.asyncIterator]();
  const pull = pullUntil(iterator, gone);
  let of: Failure['of'] = 'body';
  try {
    for (;;) {
      const next = await pull();
      if (next === undefined || next.done === true) break;
      of = 'pipe';
      await writer.write(next.value);
      of = 'body';
    }
    writer.flush();
    return undefined;
  } catch (error) {
    return { of, error };
  } finally {
    // Not awaited: a body in the midst of a slow read would hold up the end of the loan.
    iterator.return?.()?.catch(() => undefined);
  }
}

/**
 * Writes `body` into the FIFO for the reader that `consume` starts in another thread, and resolves when `consume` has.
 * If `body` throws, the signal given to `consume` is aborted, the pipe is closed so that a blocked reader wakes, and the
 * body's error is thrown, whatever the reader made of the short input.
 */
export async function writeFifo(
  path: string,
  body: AsyncIterable<Uint8Array>,
  consume: (signal: AbortSignal) => Promise<unknown>,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  const stop = new AbortController();
  const ends = openBothEnds(path);
  const thread = new PipeThread({ fd: ends.write, way: 'write' });
  const close = (): void => void thread.close();
  // Without its last reader the pipe breaks: a write that waits would otherwise wait for ever.
  const leave = (): undefined => closeSync(ends.read) as undefined;
  const consumed = consume(AbortSignal.any([signal, stop.signal]));
  const gone = consumed.then(leave, leave);
  signal.addEventListener('abort', close, { once: true });
  const failure = await pump(body, new PipeWriter(thread), gone);
  if (failure?.of === 'body') stop.abort();
  signal.removeEventListener('abort', close);
  const closing = thread.close();
  const nudging = nudge(path);
  await gone;
  clearInterval(nudging);
  await closing;
  if (failure?.of === 'body') throw failure.error;
  await consumed;
  // A short input looks whole to its reader.
  const broken = failure?.error ?? thread.error;
  if (broken !== undefined) throw broken;
}
