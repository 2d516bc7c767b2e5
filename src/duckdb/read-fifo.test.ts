import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { makeFifo } from './fifo.ts';

/** A thread that reads a pipe through which a block comes, and then nothing more. */
const waiting = (path: string) => `
  const { open } = require('node:fs/promises');
  const { parentPort } = require('node:worker_threads');
  const path = ${JSON.stringify(path)};
  const produce = async () => {
    await (await open(path, 'w')).write(Buffer.alloc(1024 * 1024));
    await new Promise(() => {});
  };
  import(${JSON.stringify(new URL('read-fifo.ts', import.meta.url).href)}).then(async ({ readFifo }) => {
    for await (const chunk of readFifo(path, produce, new AbortController().signal))
      parentPort.postMessage(chunk.length);
  });
`;

test(
  'a thread that waits for a query is ended at once, whatever the query does',
  { timeout: 60_000 },
  async (context) => {
    const folder = await mkdtemp(join(tmpdir(), 'writeback-fifo-'));
    context.after(() => rm(folder, { recursive: true }));
    const path = join(folder, 'rows');
    if (!(await makeFifo(path))) return context.skip('no FIFOs here');
    const thread = new Worker(waiting(path), { eval: true, trackUnmanagedFds: false });
    assert.deepEqual(await once(thread, 'message'), [1024 * 1024]);
    const ended = once(thread, 'exit');
    void thread.terminate();
    assert.deepEqual(await ended, [1]);
  },
);
