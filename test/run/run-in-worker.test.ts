import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createRegistry } from '../../src/connector/registry.ts';
import { connectors } from '../../src/connectors.ts';
import { createEgress } from '../../src/egress/egress.ts';
import { createLog } from '../../src/log.ts';
import { moveRows } from '../../src/run/move-rows.ts';
import type { Receipt } from '../../src/run/receipt.ts';
import { type RunInWorker, moveRowsInWorker } from '../../src/run/run-in-worker.ts';
import { openRunThreads } from '../../src/run/run-threads.ts';
import { checkWriteback } from '../../src/run/writeback.ts';
import { mixedCsv } from '../data/mixed-rows.ts';
import { ownValues } from '../servers/own-values.ts';
import { standInTargets } from '../servers/stand-in-targets.ts';
import { oddConnector, oddEntry } from './odd-worker.ts';

const registry = createRegistry([...connectors, oddConnector]);
const entry = new URL('../../src/worker.ts', import.meta.url);
const rows = 20_000;
let folder = '';
let csv = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'writeback-worker-'));
  csv = join(folder, 'rows.csv');
  await writeFile(csv, mixedCsv(rows));
});
after(() => rm(folder, { recursive: true }));

/** A run of the writeback, the lines that it logged and what it told on its way. */
function workOf(value: object, more: Partial<RunInWorker> = {}) {
  const lines: string[] = [];
  const progress: number[] = [];
  const started: (number | undefined)[] = [];
  const source = { kind: 'local', path: csv };
  const work: RunInWorker = {
    writeback: checkWriteback({ name: 'Rows', source, ...value }, registry),
    run: { number: 3, startedAt: new Date('2026-03-02T12:00:00Z') },
    log: createLog((line) => void lines.push(line)),
    signal: new AbortController().signal,
    started: (dataset) => void started.push(dataset.columns.length),
    progress: (rows) => void progress.push(rows),
    ...more,
  };
  return { work, lines, progress, started };
}

const odd = (does: string) => ({
  connector: 'odd',
  credentials: { password: 'open sesame' },
  details: { does },
});
const here = (work: RunInWorker) => moveRows({ ...work, registry, egress: createEgress() });
const there = (work: RunInWorker) => moveRowsInWorker(work, oddEntry);
const timeless = (receipt: Receipt) => ({ ...receipt, startedAt: '', finishedAt: '', metrics: {} });

for (const [name, open] of Object.entries(standInTargets)) {
  test(`${name}: a worker gives the same receipt, and the rows are there`, async () => {
    const target = await open();
    try {
      const value = { connector: target.connector.id, ...ownValues(target) };
      const inside = workOf(value);
      const outside = workOf(value);
      const receipt = await moveRowsInWorker(outside.work, entry);
      assert.equal((await target.stored())?.length, rows);
      assert.deepEqual(await target.leftovers(), []);
      assert.deepEqual(timeless(receipt), timeless(await here(inside.work)));
      assert.deepEqual(outside.started, inside.started);
      assert.equal(outside.progress.at(-1), rows);
    } finally {
      await target.close();
    }
  });
}

/** What an error tells, its causes included. */
function telling(error: unknown): object | undefined {
  if (!(error instanceof Error)) return undefined;
  const { name, message, cause, ...rest } = error as Error & Record<string, unknown>;
  return { class: error.constructor.name, name, message, ...rest, cause: telling(cause) };
}

const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => assert.fail('it succeeded'),
    (error: unknown) => error,
  );

for (const does of ['refuse', 'postpone']) {
  test(`told errors cross the border unchanged: ${does}`, async () => {
    const inside = await failure(here(workOf(odd(does)).work));
    const outside = await failure(there(workOf(odd(does)).work));
    assert.deepEqual(telling(outside), telling(inside));
    assert.match((outside as Error).stack ?? '', /odd-worker\.ts/);
  });
}

test('an error that nobody told keeps its sentence, code and cause', async () => {
  await assert.rejects(there(workOf(odd('stumble')).work), (error: NodeJS.ErrnoException) => {
    assert.deepEqual([error.message, error.code], ['no such tray', 'ENOTRAY']);
    assert.match((error.cause as Error).message, /the tray is stuck/);
    return true;
  });
});

test('secrets of the writeback, and those found on the way, are hidden in the log of the waiting thread', async () => {
  const { work, lines } = workOf(odd('nothing'));
  const receipt = await there(work);
  assert.equal(receipt.rowsWritten, rows);
  assert.equal(lines.length, 1);
  assert.match(lines[0]!, /"text":"signed in","password":"\*\*\*","token":"\*\*\*"/);
});

test('a thread that ends without a word is a temporary error', async () => {
  await assert.rejects(there(workOf(odd('exit')).work), { name: 'TemporaryError', code: 'run-worker-ended' });
});

test('an error outside of all promises ends the run, not the process', async () => {
  await assert.rejects(there(workOf(odd('burst')).work), (error: Error & { code: string }) => {
    assert.deepEqual([error.name, error.code], ['TemporaryError', 'run-worker-ended']);
    assert.match(error.message, /JSON/);
    return true;
  });
});

test('a run whose thread stood still is interrupted as soon as it wakes: another worker may have it', async () => {
  await assert.rejects(there(workOf(odd('stand still')).work), {
    name: 'TemporaryError',
    code: 'run-frozen',
  });
});

test('a run that takes too much memory is ended, not the process', async () => {
  await assert.rejects(there(workOf(odd('fill memory')).work), {
    name: 'TemporaryError',
    code: 'run-out-of-memory',
  });
});

test('what a connector leaves open does not keep the thread', async () => {
  assert.equal((await there(workOf(odd('leave a timer')).work)).status, 'succeeded');
});

test('a run is canceled with the reason of its signal', async () => {
  const canceling = new AbortController();
  const reason = new Error('Enough.');
  const { work } = workOf(odd('wait'), {
    signal: canceling.signal,
    log: createLog(() => canceling.abort(reason)),
  });
  assert.equal(await failure(there(work)), reason);
  assert.equal(await failure(there(work)), reason, 'also when it was canceled before it began');
});

test('a canceled write leaves nothing behind', async () => {
  const out = await mkdtemp(join(folder, 'out-'));
  const canceling = new AbortController();
  const value = { connector: 'folder', credentials: { folder: out }, details: { fileFormat: 'jsonl' } };
  const seen: string[][] = [];
  const progress = () => {
    seen.push(readdirSync(out));
    canceling.abort(new Error('Enough.'));
  };
  const { work } = workOf(value, { signal: canceling.signal, progress });
  await assert.rejects(moveRowsInWorker(work, entry), { message: 'Enough.' });
  assert.notDeepEqual(seen[0], [], 'it had begun to write');
  assert.deepEqual(await readdir(out), []);
});

const whole = { kind: 'whole' } as const;

test('many runs share a few threads, and one that dies takes only its own', async () => {
  const threads = openRunThreads(oddEntry, 2);
  try {
    const quiet = Array.from({ length: 9 }, () => threads.take(workOf(odd('nothing')).work, whole));
    const receipts = await Promise.all(quiet);
    assert.ok(receipts.every(({ rowsWritten }) => rowsWritten === rows));
    const [dying, living] = [
      threads.take(workOf(odd('exit')).work, whole),
      threads.take(workOf(odd('nothing')).work, whole),
    ];
    await assert.rejects(dying, { code: 'run-worker-ended' });
    assert.equal((await living).status, 'succeeded');
    assert.equal(
      (await threads.take(workOf(odd('nothing')).work, whole)).status,
      'succeeded',
      'others take its place',
    );
  } finally {
    await threads.close();
  }
});

test(
  'runs that do not heed their cancellation are ended with their thread, and others in it are not',
  { timeout: 600_000 },
  async () => {
    const threads = openRunThreads(oddEntry, 1);
    try {
      const deaf = () => {
        const canceling = new AbortController();
        const log = createLog(() => canceling.abort(new Error('Enough.')));
        return threads.take(workOf(odd('be deaf'), { signal: canceling.signal, log }).work, whole);
      };
      // Two of them: neither may wait for the other's end.
      const ended = Promise.allSettled([deaf(), deaf()]);
      const beside = threads.take(workOf(odd('nothing')).work, whole);
      for (const one of await ended) {
        assert.equal(one.status, 'rejected');
        assert.equal((one.reason as Error).message, 'Enough.');
      }
      assert.equal((await beside).status, 'succeeded');
    } finally {
      await threads.close();
    }
  },
);
