import { type MessagePort, parentPort } from 'node:worker_threads';
import type { Log } from '../log.ts';
import { errorToData } from './error-data.ts';
import type { RowsToMove } from './move-rows.ts';
import type { RunData, RunMessage } from './run-message.ts';
import { type Step, takeStep } from './step.ts';
import { watchFreeze } from './watch-freeze.ts';

type Post = (message: RunMessage) => void;

/** Milliseconds between two messages about progress: batches pass a thousand times a second, and nobody looks that often. */
const progressInterval = 100;

/** Lines and secrets go to the log of the thread that waits: it alone knows all secrets, and writes. */
function relayedLog(post: Post): Log {
  const line = (kind: 'info' | 'warn') => (text: string, fields?: Readonly<Record<string, unknown>>) => {
    post({ kind, text, fields: fields && (JSON.parse(JSON.stringify(fields)) as typeof fields) });
  };
  return { info: line('info'), warn: line('warn'), hide: (secret) => post({ kind: 'hide', secret }) };
}

/** Progress at intervals, and once more at the end. */
function pacedProgress(post: Post) {
  let toldAt = -Infinity;
  let last: RunMessage = { kind: 'progress', rows: 0, bytes: 0 };
  return {
    tell: (rows: number, bytes: number): void => {
      last = { kind: 'progress', rows, bytes };
      if (performance.now() - toldAt < progressInterval) return;
      toldAt = performance.now();
      post(last);
    },
    end: (): void => post(last),
  };
}

/** What a thread is sent: a run, and the port that all that is said of it goes through. Any message that comes back means: cancel. */
interface RunOrder {
  readonly port: MessagePort;
  readonly data: RunData;
  readonly step: Step;
}

async function serve(
  { port, data, step }: RunOrder,
  means: Pick<RowsToMove, 'registry' | 'egress'>,
): Promise<void> {
  const post: Post = (message) => port.postMessage(message);
  const canceled = new AbortController();
  port.once('message', () => canceled.abort(new Error('Canceled.')));
  const endWatch = watchFreeze((error) => canceled.abort(error));
  const paced = pacedProgress(post);
  try {
    const work: RowsToMove = {
      ...means,
      ...data,
      log: relayedLog(post),
      signal: canceled.signal,
      started: (dataset, run, rows) => post({ kind: 'started', dataset, run, rows }),
      progress: paced.tell,
    };
    const result = await takeStep(work, step);
    paced.end();
    post({ kind: 'done', result });
  } catch (error) {
    post({ kind: 'failed', error: errorToData(error) });
  } finally {
    endWatch();
    port.close();
  }
}

/**
 * The inside of a thread that moves the rows of runs (`run-threads.ts` is its outside): takes steps of runs, also several at
 * once, tells what happens to each as messages, and goes on until it is ended.
 */
export function serveRuns(means: Pick<RowsToMove, 'registry' | 'egress'>): void {
  if (!parentPort) throw new Error('Runs are served in a worker thread only.');
  parentPort.on('message', (order: RunOrder) => void serve(order, means));
}
