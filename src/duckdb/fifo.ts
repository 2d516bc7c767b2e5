import { execFile } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import { promisify } from 'node:util';
import { type Block, PipeThread, emptyBlock } from './pipe-thread.ts';

const { O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;
const nudgeEveryMs = 20;

/** Makes a FIFO that only this user can open; false where the system has no `mkfifo` (Windows). */
export async function makeFifo(path: string): Promise<boolean> {
  if (process.platform === 'win32') return false;
  try {
    await promisify(execFile)('mkfifo', ['-m', '600', path]);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/**
 * Opens a FIFO without ever waiting for the other side: what opens first are ends that need none. Holding both ends, no open() of
 * the other side blocks, and its coming late or dying early is no end of file.
 */
function openBothEnds(path: string): { read: number; write: number } {
  const first = openSync(path, O_RDONLY | O_NONBLOCK);
  try {
    const write = openSync(path, O_WRONLY);
    return { read: openSync(path, O_RDONLY), write };
  } finally {
    closeSync(first);
  }
}

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

/** Wakes a reader whose open() came after our write end was closed: to it, a writer came and went, which is end of file. */
function nudge(path: string): NodeJS.Timeout {
  return setInterval(() => closeSync(openSync(path, O_WRONLY | O_NONBLOCK)), nudgeEveryMs);
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
  let closing: Promise<void> | undefined;
  const close = (): void => void (closing ??= thread.close());
  // Without its last reader the pipe breaks: a write that waits would otherwise wait for ever.
  const leave = (): undefined => closeSync(ends.read) as undefined;
  const consumed = consume(AbortSignal.any([signal, stop.signal]));
  const gone = consumed.then(leave, leave);
  signal.addEventListener('abort', close, { once: true });
  const failure = await pump(body, new PipeWriter(thread), gone);
  if (failure?.of === 'body') stop.abort();
  signal.removeEventListener('abort', close);
  close();
  const nudging = nudge(path);
  await gone;
  clearInterval(nudging);
  await closing;
  if (failure?.of === 'body') throw failure.error;
  await consumed;
  if (failure !== undefined) throw failure.error;
}
