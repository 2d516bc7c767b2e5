import { once } from 'node:events';
import { type Connector, defineConnector } from '../../src/connector/contract.ts';
import { createRegistry } from '../../src/connector/registry.ts';
import { connectors } from '../../src/connectors.ts';
import { createEgress } from '../../src/egress/egress.ts';
import { TemporaryError, UserError } from '../../src/errors.ts';
import { fields } from '../../src/field/field.ts';
import { serveRuns } from '../../src/run/serve-run.ts';
import { isMainThread } from 'node:worker_threads';

const cause = new Error('451 the tray is stuck', { cause: new Error('paper') });
const told = { remedy: 'Pull it out.', field: 'details.does', row: 7, column: 'name', cause };

function fillMemory(): void {
  const kept: number[][] = [];
  for (;;) kept.push(new Array<number>(1_000_000).fill(0.5));
}

/** What may go wrong inside a run, by the name of the wrong. */
const deeds: Record<string, () => void> = {
  refuse: () => {
    throw new UserError('odd-refused', 'The tray is stuck.', told);
  },
  postpone: () => {
    throw new TemporaryError('odd-busy', 'The tray is busy.', { ...told, retryAfter: 9 });
  },
  stumble: () => {
    throw Object.assign(new TypeError('no such tray', { cause }), { code: 'ENOTRAY' });
  },
  exit: () => {
    // What a library might do, and nobody here does.
    process.exit(3);
  },
  burst: () => void setImmediate(() => JSON.parse('{')),
  'fill memory': fillMemory,
  // As a process that is stopped does, and longer than a worker may without losing its runs.
  'stand still': () => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 8_500),
  'leave a timer': () => void setInterval(() => {}, 1_000),
};

/** A connector that does what its details say. */
export const oddConnector: Connector = defineConnector({
  accepts: 'batches',
  id: 'odd',
  name: 'Odd',
  summary: 'Does what it is told, and no good.',
  icon: '<svg xmlns="http://www.w3.org/2000/svg"/>',
  credentials: fields({ password: { type: 'secret', label: 'Password', help: 'Any.', required: true } }),
  details: fields({ does: { type: 'text', label: 'Does', help: 'What it does.', required: true } }),
  async *testConnection() {},
  async write({ credentials, details, batches, log, signal }) {
    log.hide(`token of ${credentials.password}`);
    log.info('signed in', { password: credentials.password, token: `token of ${credentials.password}` });
    deeds[details.does]?.();
    if (details.does === 'be deaf') await new Promise(() => {});
    if (['wait', 'burst', 'stand still'].includes(details.does)) {
      await once(signal, 'abort');
      signal.throwIfAborted();
    }
    let rowsWritten = 0;
    for await (const { rows } of batches) rowsWritten += rows;
    return { location: 'odd://tray', rowsWritten, bytes: 0 };
  },
});

/** Where a thread with this connector, and all others, begins. */
export const oddEntry = new URL(import.meta.url);

if (!isMainThread)
  serveRuns({ registry: createRegistry([...connectors, oddConnector]), egress: createEgress() });
