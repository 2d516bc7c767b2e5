import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openBothStores, openTestStore, quiet, storePlaces } from '../../test/servers/store-places.ts';
import { newRun, newWriteback } from '../../test/servers/store-rows.ts';
import type { Db } from '../store/database.ts';
import { isDuplicate } from '../store/explain-store-error.ts';
import { findRun, liveRunIndex } from '../store/run.ts';
import { runEventsAfter } from '../store/run-event.ts';
import { RunCanceled, watchCanceled } from './cancel-watch.ts';
import { type Engine, type RunJob, openEngine } from './engine.ts';
import { cancelRun, endRun, queueAgain, reviveRuns, startRun, takeRun } from './run.ts';

const stores = await openBothStores();
const crashPlace = await storePlaces['own PostgreSQL']!();
const crashStore = await openTestStore(crashPlace);
const engines: Engine[] = [];
after(async () => Promise.all(engines.map(async (engine) => engine.stop(1000))));

async function open(store: (typeof stores)[number]['store']): Promise<Engine> {
  const engine = await openEngine(store.bossOptions, quiet);
  engines.unshift(engine);
  return engine;
}

/** What comes to a handler, in order, to be waited for. */
function arrivals<T>(all: T[] = []) {
  const count = async (many: number) => {
    while (all.length < many) await sleep(20);
  };
  return { all, count };
}

async function start(db: Db, engine: Engine, writebackId?: string) {
  const id = writebackId ?? (await newWriteback(db)).id;
  return db.transaction().execute((transaction) => startRun(transaction, engine, newRun(id)));
}

for (const { name, store } of stores) {
  const db = store.kysely;

  describe(`the queue on the ${name}`, { timeout: 600_000 }, () => {
    test('a run and its job are there together or not at all', async () => {
      const engine = await open(store);
      const { id: writebackId } = await newWriteback(db);
      const undone = newRun(writebackId);
      const failing = db.transaction().execute(async (transaction) => {
        await startRun(transaction, engine, undone);
        throw new Error('undone');
      });
      await assert.rejects(failing, /undone/);
      assert.equal(await engine.isQueued('run', undone.id), false);
      assert.equal(await findRun(db, undone.id), undefined);
      const run = await start(db, engine, writebackId);
      assert.equal(await engine.isQueued('run', run.id), true);
      await assert.rejects(start(db, engine, writebackId), (error) => isDuplicate(error, liveRunIndex));
      await db.transaction().execute((transaction) => cancelRun(transaction, engine, run.id));
    });

    test('transactions that hold every connection send all the same', async () => {
      const engine = await open(store);
      const writebacks = await Promise.all(Array.from({ length: 40 }, async () => newWriteback(db)));
      const runs = await Promise.all(writebacks.map(async ({ id }) => start(db, engine, id)));
      for (const { id } of runs) assert.equal(await engine.isQueued('run', id), true);
      for (const { id } of runs)
        await db.transaction().execute((transaction) => cancelRun(transaction, engine, id));
    });

    test('a run is worked on once by many workers, to its end', async () => {
      const worked = arrivals<number>();
      const handler = async ({ runId }: RunJob) => {
        const run = await takeRun(db, runId, 'here');
        if (!run) return;
        await sleep(20);
        assert.ok(await endRun(db, run, { state: 'succeeded', rowsWritten: 7, receipt: { rows: 7 } }));
        worked.all.push(run.attempt);
      };
      const workers = [await open(store), await open(store)];
      for (const worker of workers) await worker.work({ slots: 4, perAccount: 2 }, handler);
      const runs = await Promise.all(Array.from({ length: 12 }, async () => start(db, workers[0]!)));
      await worked.count(12);
      for (const { id } of runs) {
        const run = await findRun(db, id);
        assert.deepEqual([run?.state, run?.attempt, run?.rowsWritten], ['succeeded', 1, 7]);
        assert.deepEqual(run?.receipt, { rows: 7 });
        const told = (await runEventsAfter(db, id, 0, 9)).map(({ message }) => message);
        assert.deepEqual(told, ['Queued.', 'Attempt 1 began.', 'The run succeeded.']);
      }
      for (const worker of workers) await worker.stop();
      assert.equal(worked.all.length, 12);
    });

    test('the same piece of work that is sent again is done once', async () => {
      const engine = await open(store);
      const seen = arrivals<RunJob>();
      const job = { kind: 'part' as const, runId: 'run_twice', part: 3, attempt: 1 };
      for (let i = 0; i < 3; i++) await engine.send(db, job);
      await engine.send(db, { ...job, attempt: 2 });
      await engine.work({ slots: 2 }, async (one) => {
        if (one.runId === job.runId) seen.all.push(one);
      });
      await seen.count(2);
      await engine.stop();
      const first = { ...job, accountId: undefined, interrupted: 0 };
      assert.deepEqual(
        seen.all.toSorted((a, b) => a.attempt - b.attempt),
        [first, { ...first, attempt: 2 }],
      );
    });

    test('a run that failed is tried again at its time, and an attempt that was given up changes nothing', async () => {
      const engine = await open(store);
      const done = arrivals<number>();
      const error = { code: 'host-unreachable', message: 'No connection.', temporary: true };
      const first = arrivals<NonNullable<Awaited<ReturnType<typeof takeRun>>>>();
      await engine.work({ slots: 1 }, async ({ runId }) => {
        const run = await takeRun(db, runId, 'here');
        if (!run) return;
        first.all.push(run);
        if (run.attempt === 1) {
          const again = { at: new Date(Date.now() + 500), error };
          await db.transaction().execute((transaction) => queueAgain(transaction, engine, run, again));
        } else {
          await endRun(db, run, { state: 'failed', error });
          done.all.push(run.attempt);
        }
      });
      const { id } = await start(db, engine);
      await done.count(1);
      const run = await findRun(db, id);
      assert.deepEqual([run?.state, run?.attempt, run?.error], ['failed', 2, error]);
      assert.equal(await endRun(db, first.all[0]!, { state: 'succeeded' }), undefined);
      assert.equal(await queueAgain(db, engine, first.all[0]!, { at: new Date(), error }), undefined);
      assert.equal((await findRun(db, id))?.state, 'failed');
      await engine.stop();
    });

    test('a handler that throws is called again', async () => {
      const engine = await open(store);
      const seen = arrivals<number>();
      await engine.send(db, { kind: 'finish', runId: 'run_throws', attempt: 1 });
      await engine.work({ slots: 1 }, async ({ runId, interrupted }) => {
        if (runId !== 'run_throws') return;
        seen.all.push(interrupted);
        if (seen.all.length === 1) throw new Error('the database was away');
      });
      await seen.count(2);
      assert.deepEqual(seen.all, [0, 1]);
      await engine.stop();
      assert.equal(await engine.isQueued('finish', 'run_throws').catch(() => false), false);
    });

    test('a queued run is canceled at once, a running one by its worker', async () => {
      const engine = await open(store);
      const watch = watchCanceled(db, quiet);
      const waiting = await start(db, engine);
      await db.transaction().execute((transaction) => cancelRun(transaction, engine, waiting.id));
      assert.equal((await findRun(db, waiting.id))?.state, 'canceled');
      const began = arrivals<string>();
      const ended = arrivals<string>();
      await engine.work({ slots: 1 }, async ({ runId }, signal) => {
        const run = await takeRun(db, runId, 'here');
        if (!run) return;
        began.all.push(runId);
        await watch.during(runId, signal, async (either) => {
          await sleep(30_000, undefined, { signal: either }).catch(() => {});
          assert.ok(either.reason instanceof RunCanceled);
          await endRun(db, run, { state: 'canceled' });
          ended.all.push(runId);
        });
      });
      const run = await start(db, engine);
      await began.count(1);
      assert.deepEqual(began.all, [run.id], 'the canceled one was not begun');
      await db.transaction().execute((transaction) => cancelRun(transaction, engine, run.id));
      await ended.count(1);
      assert.equal((await findRun(db, run.id))?.state, 'canceled');
      assert.equal(await cancelRun(db, engine, run.id), undefined);
      watch.stop();
      await engine.stop();
    });

    test('runs that came without the queue are sent anew, and only those', async () => {
      const engine = await open(store);
      const [lost, kept] = [await start(db, engine), await start(db, engine)];
      await store.pool.query(`delete from pgboss.job where data->>'runId' = $1`, [lost.id]);
      assert.equal(await engine.isQueued('run', lost.id), false);
      assert.equal(await reviveRuns(db, engine), 1);
      assert.equal(await reviveRuns(db, engine), 0);
      for (const { id } of [lost, kept]) assert.equal(await engine.isQueued('run', id), true);
      await engine.stop();
    });
  });
}

test('what a killed worker had is given to another, as the next attempt', { timeout: 600_000 }, async () => {
  const db = crashStore.kysely;
  const file = new URL('../../test/servers/hanging-worker.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, [file, crashPlace.databaseUrl!], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const engine = await open(crashStore);
  const { id } = await start(db, engine);
  assert.equal(String((await once(child.stdout, 'data'))[0]), '1\n');
  const taken = (await findRun(db, id))!;
  child.kill('SIGKILL');
  const ended = arrivals<number>();
  await engine.work({ slots: 1 }, async ({ runId }) => {
    const run = await takeRun(db, runId, 'there');
    await endRun(db, run!, { state: 'succeeded' });
    ended.all.push(run!.attempt);
  });
  await ended.count(1);
  assert.deepEqual(ended.all, [2]);
  assert.equal(await endRun(db, taken, { state: 'failed' }), undefined, 'the dead attempt writes nothing');
  assert.equal((await findRun(db, id))?.state, 'succeeded');
  await engine.stop();
});
