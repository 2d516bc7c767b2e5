import { availableParallelism } from 'node:os';
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { TemporaryError } from '../errors.ts';
import { errorFromData } from './error-data.ts';
import type { RowsToMove } from './move-rows.ts';
import type { RunData, RunMessage } from './run-message.ts';
import type { Step, StepResult } from './step.ts';
import { frozenCode } from './watch-freeze.ts';

/** One run to work on in another thread: what `takeStep` takes, but for what the thread's own entry makes. */
export type RunInThread = Omit<RowsToMove, 'registry' | 'egress'>;

/** Threads that move rows. */
export interface RunThreads {
  /**
   * `takeStep` in a thread, so that this one stays free: the same result, the same errors, the same calls of `started` and
   * `progress` (these ten times a second). A thread that dies without a word is a TemporaryError `run-worker-ended` or
   * `run-out-of-memory`; the law of replay covers what it left.
   */
  take<S extends Step>(work: RunInThread, step: S): Promise<StepResult<S>>;
  /** Ends the threads, and with them the runs that they still have. */
  close(): Promise<void>;
}

/** JavaScript objects of one thread, in MB. Bytes that flow lie outside the heap, so a tenth of it is the usual. */
const heapLimit = 512;
/** Milliseconds that a canceled run has to clean up, and that a thread without a run is kept for the next one: starting one takes a third of a second. */
const patience = { canceled: 10_000, idle: 60_000 };
/** After so many runs a thread is replaced: what libraries leave behind does not add up. */
const mostRuns = 200;

/** Codes of the errors that mean: the thread of the run is dead, or was for a while. */
export const threadDied: readonly string[] = ['run-worker-ended', 'run-out-of-memory', frozenCode];

interface Thread {
  readonly worker: Worker;
  /** The runs it has now, by what ends them when it dies. */
  readonly active: Set<(cause: NodeJS.ErrnoException | undefined) => void>;
  begun: number;
  /** How many of its runs were asked to end, and have not in time. */
  hanging: number;
  /** It gets no more runs, and ends when it has none. */
  isRetired: boolean;
  idle?: NodeJS.Timeout | undefined;
}

function deadThread(cause: NodeJS.ErrnoException | undefined): TemporaryError {
  const remedy = 'Run it again: what the run left half-done is then replaced or removed.';
  if (cause?.code === 'ERR_WORKER_OUT_OF_MEMORY') {
    const sentence = `The run was ended: its thread's objects took more than ${heapLimit} MB of memory.`;
    return new TemporaryError('run-out-of-memory', sentence, { remedy, cause });
  }
  const why = cause ? `: ${cause.message}` : '';
  return new TemporaryError('run-worker-ended', `The thread of the run ended unexpectedly${why}.`, {
    remedy,
    cause,
  });
}

/** What a thread says of a run before its end. */
function relay(message: RunMessage, { log, started, progress }: RunInThread): void {
  if (message.kind === 'started') started?.(message.dataset, message.run, message.rows);
  else if (message.kind === 'progress') progress?.(message.rows, message.bytes);
  else if (message.kind === 'hide') log.hide(message.secret);
  else if (message.kind === 'info') log.info(message.text, message.fields);
  else if (message.kind === 'warn') log.warn(message.text, message.fields);
}

/** Waits for the last thing that is said of a run, or for the death of its thread. */
function outcomeOf<S extends Step>(
  port: MessagePort,
  work: RunInThread,
  { active }: Thread,
): Promise<StepResult<S>> {
  const { promise, resolve, reject } = Promise.withResolvers<StepResult<S>>();
  const died = (cause: NodeJS.ErrnoException | undefined) => reject(deadThread(cause));
  active.add(died);
  port.on('message', (message: RunMessage) => {
    if (message.kind === 'done') resolve(message.result as StepResult<S>);
    else if (message.kind === 'failed') reject(errorFromData(message.error));
    else relay(message, work);
  });
  return promise.finally(() => active.delete(died));
}

/**
 * Asks for the run's end when the signal comes. When it does not end by itself, its thread is ended, as soon as all runs that are
 * still in it hang like this one. Answers with the way to stop listening.
 */
function cancelOn(signal: AbortSignal, port: MessagePort, thread: Thread): () => void {
  let limit: NodeJS.Timeout | undefined;
  let isHanging = false;
  const insist = () => {
    if (!isHanging) thread.hanging += 1;
    isHanging = true;
    thread.isRetired = true;
    if (thread.active.size <= thread.hanging) void thread.worker.terminate();
    else limit = setTimeout(insist, 1_000);
  };
  const cancel = () => {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port is no window
    port.postMessage('cancel');
    limit = setTimeout(insist, patience.canceled);
  };
  signal.addEventListener('abort', cancel, { once: true });
  return () => {
    signal.removeEventListener('abort', cancel);
    clearTimeout(limit);
    if (isHanging) thread.hanging -= 1;
  };
}

/** A thread that dies takes its runs with it; each of them is told. */
function createThread(entry: URL, gone: (thread: Thread) => void): Thread {
  const worker = new Worker(entry, {
    resourceLimits: { maxOldGenerationSizeMb: heapLimit },
    // Node would close, when the thread ends, every number that `fs.open` gave and `fs.close` did not take: also those that
    // a socket has taken over and closed (`duckdb/pipe-worker.ts`), which by then are connections of somebody else.
    trackUnmanagedFds: false,
  });
  const thread: Thread = { worker, active: new Set(), begun: 0, hanging: 0, isRetired: false };
  let cause: NodeJS.ErrnoException | undefined;
  worker.on('error', (error: Error) => void (cause = error));
  worker.once('exit', () => {
    gone(thread);
    for (const died of thread.active) died(cause);
  });
  return thread;
}

/** The thread with the fewest runs; a new one while all have some and there are not too many. */
function pickThread(threads: Set<Thread>, entry: URL, most: number): Thread {
  const usable = [...threads].filter(({ isRetired }) => !isRetired);
  const idlest = usable.toSorted((a, b) => a.active.size - b.active.size)[0];
  if (idlest && (idlest.active.size === 0 || usable.length >= most)) return idlest;
  const thread = createThread(entry, (dead) => threads.delete(dead));
  threads.add(thread);
  return thread;
}

function begin(thread: Thread, { writeback, run, dryRun, again }: RunInThread, step: Step): MessagePort {
  clearTimeout(thread.idle);
  thread.worker.ref();
  thread.begun += 1;
  thread.isRetired ||= thread.begun >= mostRuns;
  const { port1, port2 } = new MessageChannel();
  const data: RunData = { writeback, run, dryRun, again };
  thread.worker.postMessage({ port: port2, data, step }, [port2]);
  return port1;
}

function end(thread: Thread, port: MessagePort): void {
  port.close();
  if (thread.active.size > 0) return;
  const stop = () => {
    // A run that comes before it has ended must not be put into it.
    thread.isRetired = true;
    void thread.worker.terminate();
  };
  if (thread.isRetired) return stop();
  // A thread without a run keeps no process.
  thread.worker.unref();
  thread.idle = setTimeout(stop, patience.idle).unref();
}

/**
 * Opens threads as they are needed, `most` of them (two per processor unless told): a run has a thread of its own while there are
 * few, and many small ones share what there is. `entry` is the module that a thread starts with; it knows the connectors
 * and calls `serveRuns`.
 */
export function openRunThreads(entry: URL, most = Math.max(4, 2 * availableParallelism())): RunThreads {
  const threads = new Set<Thread>();
  return {
    async take(work, step) {
      work.signal.throwIfAborted();
      const thread = pickThread(threads, entry, most);
      const port = begin(thread, work, step);
      const stop = cancelOn(work.signal, port, thread);
      try {
        return await outcomeOf<typeof step>(port, work, thread);
      } catch (error) {
        work.signal.throwIfAborted();
        throw error;
      } finally {
        stop();
        end(thread, port);
      }
    },
    async close() {
      await Promise.all([...threads].map(async ({ worker }) => worker.terminate()));
    },
  };
}
