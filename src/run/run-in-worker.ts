import { Worker } from 'node:worker_threads';
import { TemporaryError } from '../errors.ts';
import { errorFromData } from './error-data.ts';
import type { RowsToMove } from './move-rows.ts';
import type { Receipt } from './receipt.ts';
import type { RunData, RunMessage } from './run-message.ts';

/** One run to do in another thread: what `moveRows` takes, but for what the worker's own entry makes. */
export type RunInWorker = Omit<RowsToMove, 'registry' | 'egress'>;

/** JavaScript objects of one run, in MB. Bytes that flow lie outside the heap, so a tenth of it is the usual. */
const heapLimit = 512;
/** Milliseconds that a worker has to end by itself once it has told its outcome, and to clean up once it is canceled. */
const patience = { ended: 1_000, canceled: 10_000 };

/** What a worker says before its end. */
function relay(message: RunMessage, { log, started, progress }: RunInWorker): void {
  if (message.kind === 'started') started?.(message.dataset, message.run, message.rows);
  else if (message.kind === 'progress') progress?.(message.rows, message.bytes);
  else if (message.kind === 'hide') log.hide(message.secret);
  else if (message.kind === 'info') log.info(message.text, message.fields);
  else if (message.kind === 'warn') log.warn(message.text, message.fields);
}

function deadWorker(cause: NodeJS.ErrnoException | undefined): TemporaryError {
  const remedy = 'Run it again: what the run left half-done is then replaced or removed.';
  if (cause?.code === 'ERR_WORKER_OUT_OF_MEMORY') {
    const sentence = `The run was ended: its objects took more than ${heapLimit} MB of memory.`;
    return new TemporaryError('run-out-of-memory', sentence, { remedy, cause });
  }
  const why = cause ? `: ${cause.message}` : '';
  return new TemporaryError('run-worker-ended', `The thread of the run ended unexpectedly${why}.`, {
    remedy,
    cause,
  });
}

/** Waits until the thread is gone; its outcome is the last thing that it said. */
function outcomeOf(worker: Worker, work: RunInWorker): Promise<Receipt> {
  const { promise, resolve, reject } = Promise.withResolvers<Receipt>();
  let settle = (): void => reject(deadWorker(undefined));
  worker.on('message', (message: RunMessage) => {
    if (message.kind === 'done') settle = () => resolve(message.receipt);
    else if (message.kind === 'failed') settle = () => reject(errorFromData(message.error));
    else return relay(message, work);
    // What a connector left open must not keep the thread.
    const limit = setTimeout(() => void worker.terminate(), patience.ended);
    worker.once('exit', () => clearTimeout(limit));
  });
  worker.on('error', (error) => void (settle = () => reject(deadWorker(error))));
  worker.once('exit', () => settle());
  return promise;
}

/** Asks the worker to cancel when the signal comes, and ends it when it does not. Answers with the way to stop listening. */
function cancelOn(signal: AbortSignal, worker: Worker): () => void {
  let limit: NodeJS.Timeout | undefined;
  const cancel = () => {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker is no window
    worker.postMessage('cancel');
    limit = setTimeout(() => void worker.terminate(), patience.canceled);
  };
  signal.addEventListener('abort', cancel, { once: true });
  return () => {
    signal.removeEventListener('abort', cancel);
    clearTimeout(limit);
  };
}

/**
 * `moveRows` in a thread of its own, so that this one stays free: the same receipt, the same errors, the same calls of
 * `started` and `progress` (these ten times a second). `entry` is the module that the thread starts with; it knows the
 * connectors and calls `serveRun`. A thread that dies without a word is a TemporaryError `run-worker-ended` or
 * `run-out-of-memory`; the law of replay covers what it left.
 */
export async function moveRowsInWorker(work: RunInWorker, entry: URL): Promise<Receipt> {
  const { writeback, run, dryRun, signal } = work;
  signal.throwIfAborted();
  const workerData: RunData = { writeback, run, dryRun };
  const worker = new Worker(entry, {
    workerData,
    resourceLimits: { maxOldGenerationSizeMb: heapLimit },
    // A FIFO's descriptor is closed by the socket that reads it. Closed again at the thread's end, as Node would, it might by
    // then be a socket of another run: "write EBADF".
    trackUnmanagedFds: false,
  });
  const stop = cancelOn(signal, worker);
  try {
    return await outcomeOf(worker, work);
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    stop();
  }
}
