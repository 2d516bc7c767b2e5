import { parentPort, workerData } from 'node:worker_threads';
import type { Log } from '../log.ts';
import { errorToData } from './error-data.ts';
import { type RowsToMove, moveRows } from './move-rows.ts';
import type { RunData, RunMessage } from './run-message.ts';

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

/**
 * The inside of a worker that moves the rows of one run (`run-in-worker.ts` is its outside): takes the writeback from
 * `workerData`, tells what happens as messages, and ends. Any message that comes in means: cancel.
 */
export async function serveRun(means: Pick<RowsToMove, 'registry' | 'egress'>): Promise<void> {
  const port = parentPort;
  if (!port) throw new Error('A run is served in a worker thread only.');
  const post: Post = (message) => port.postMessage(message);
  const canceled = new AbortController();
  port.once('message', () => canceled.abort(new Error('Canceled.')));
  const paced = pacedProgress(post);
  try {
    const receipt = await moveRows({
      ...means,
      ...(workerData as RunData),
      log: relayedLog(post),
      signal: canceled.signal,
      started: (dataset, run, rows) => post({ kind: 'started', dataset, run, rows }),
      progress: paced.tell,
    });
    paced.end();
    post({ kind: 'done', receipt });
  } catch (error) {
    post({ kind: 'failed', error: errorToData(error) });
  } finally {
    port.close();
  }
}
