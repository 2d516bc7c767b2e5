import { execFile } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import { Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { promisify } from 'node:util';
import { BlockRing } from '../dataset/block-ring.ts';

const { O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;
const nudgeEveryMs = 20;

/**
 * A write that the pipe takes at once calls back at once: with a body that never waits, the event loop would not turn
 * while the reader keeps up, and no abort would be seen.
 */
const turnBytes = 256 * 1024;

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
 * Opens a FIFO without ever blocking: the read end first, because opening the write end alone fails (ENXIO). Holding both
 * ends, no open() of the other side blocks, and its coming late or dying early is no end of file.
 */
function openBothEnds(path: string): { read: number; write: number } {
  const read = openSync(path, O_RDONLY | O_NONBLOCK);
  try {
    return { read, write: openSync(path, O_WRONLY | O_NONBLOCK) };
  } catch (error) {
    closeSync(read);
    throw error;
  }
}

/** Reads straight into the ring's blocks: no chunk is allocated, none is copied. */
function readInto(ring: BlockRing, fd: number): Socket {
  const onread = { buffer: () => ring.room(), callback: (count: number) => ring.filled(count) };
  const socket = new Socket({ fd, readable: true, writable: false, onread });
  return socket.on('end', () => ring.end()).on('error', (error) => ring.fail(error));
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
  const ring: BlockRing = new BlockRing({ resume: () => socket.resume() });
  const socket = readInto(ring, ends.read);
  const produced = produce(AbortSignal.any([signal, stop.signal])).finally(() => closeSync(ends.write));
  const settled = produced.catch(() => {});
  const abandon = (): void => ring.fail(signal.reason);
  signal.addEventListener('abort', abandon, { once: true });
  try {
    yield* ring;
    await produced;
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener('abort', abandon);
    stop.abort();
    socket.destroy();
    await settled;
  }
}

function write(socket: Socket, chunk: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.write(chunk, (error) => (error ? reject(error) : resolve()));
  });
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
  socket: Socket,
  gone: Promise<undefined>,
): Promise<Failure | undefined> {
  const iterator = body[Symbol.asyncIterator]();
  const pull = pullUntil(iterator, gone);
  let of: Failure['of'] = 'body';
  let sinceTurn = 0;
  try {
    for (;;) {
      const next = await pull();
      if (next === undefined || next.done === true) return undefined;
      of = 'pipe';
      await write(socket, next.value);
      sinceTurn += next.value.length;
      if (sinceTurn >= turnBytes) {
        await setImmediate();
        sinceTurn = 0;
      }
      of = 'body';
    }
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
  const socket = new Socket({ fd: ends.write, readable: false, writable: true });
  // The write that fails tells it already; without a listener the event would end the process.
  socket.on('error', () => undefined);
  const consumed = consume(AbortSignal.any([signal, stop.signal]));
  const close = (): undefined => void socket.destroy();
  const gone = consumed.then(close, close);
  signal.addEventListener('abort', close, { once: true });
  const failure = await pump(body, socket, gone);
  if (failure?.of === 'body') stop.abort();
  signal.removeEventListener('abort', close);
  close();
  const nudging = nudge(path);
  await gone;
  clearInterval(nudging);
  closeSync(ends.read);
  if (failure?.of === 'body') throw failure.error;
  await consumed;
  if (failure !== undefined) throw failure.error;
}
