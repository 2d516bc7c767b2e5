import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openBothStores, openTestStore, quiet, storePlaces } from '../../test/servers/store-places.ts';
import type { Store } from '../store/open.ts';
import { type Engine, type FetchedJob, type SentJob, openEngine } from './engine.ts';
import { takeTurns } from './turns.ts';

const stores = await openBothStores();
const crashPlace = await storePlaces['own PostgreSQL']!();
const crashStore = await openTestStore(crashPlace);
const engines: Engine[] = [];
after(async () => Promise.all(engines.map(async (engine) => engine.stop(1000))));

async function open({ bossOptions }: Store): Promise<Engine> {
  const engine = await openEngine(bossOptions, quiet);
  engines.push(engine);
  return engine;
}

const jobsOf = (accountId: string, count: number): SentJob[] =>
  Array.from({ length: count }, (_, index) => ({ runId: `${accountId} ${index}`, attempt: 1, accountId }));

/** Counts how many of each account are worked on at once, by all workers that use it. */
function watchActive(milliseconds: number) {
  const active = new Map<string, number>();
  const most = new Map<string, number>();
  const done: string[] = [];
  const work = async ({ accountId = '' }: Pick<FetchedJob, 'accountId'>) => {
    const now = (active.get(accountId) ?? 0) + 1;
    active.set(accountId, now);
    most.set(accountId, Math.max(now, most.get(accountId) ?? 0));
    await sleep(milliseconds);
    active.set(accountId, active.get(accountId)! - 1);
    done.push(accountId);
  };
  const count = async (many: number) => {
    while (done.length < many) await sleep(10);
  };
  return { most, done, work, count };
}

for (const { name, store } of stores) {
  const db = store.kysely;

  describe(`accounts in the queue on the ${name}`, { timeout: 600_000 }, () => {
    test('no account is worked on by more than its limit, whatever kind of work and however many workers', async () => {
      const workers = [await open(store), await open(store), await open(store)];
      const watched = watchActive(30);
      for (const worker of workers) await worker.work({ slots: 5, perAccount: 2 }, watched.work);
      // All idle workers are woken at the same moment.
      await workers[0]!.sendAll(db, 'part', jobsOf('long', 24));
      await workers[0]!.sendAll(db, 'run', jobsOf('long', 6));
      await workers[0]!.sendAll(db, 'run', jobsOf('short', 4));
      await watched.count(34);
      assert.deepEqual(Object.fromEntries(watched.most), { long: 2, short: 2 });
      const lastShort = watched.done.lastIndexOf('short');
      assert.ok(lastShort < 24, `the other account is not held up: it ended as ${lastShort}th of 34`);
      await Promise.all(workers.map((worker) => worker.stop()));
    });

    test('without a limit an account uses all slots, and others still take their turns', async () => {
      const worker = await open(store);
      const watched = watchActive(20);
      await worker.sendAll(db, 'part', jobsOf('first', 20));
      await worker.sendAll(db, 'run', jobsOf('second', 2));
      await worker.work({ slots: 3 }, watched.work);
      await watched.count(12);
      await worker.sendAll(db, 'run', jobsOf('third', 2));
      await watched.count(24);
      assert.equal(watched.most.get('first'), 3);
      assert.ok(watched.done.lastIndexOf('second') < 9, watched.done.join());
      assert.ok(watched.done.lastIndexOf('third') < 21, 'who comes late waits for no backlog');
      await worker.stop();
    });

    test('a newcomer with much to do does not hold up who was there before', async () => {
      const worker = await open(store);
      const watched = watchActive(20);
      await worker.sendAll(db, 'part', jobsOf('old', 16));
      await worker.work({ slots: 1 }, watched.work);
      await watched.count(8);
      await worker.sendAll(db, 'part', jobsOf('new', 16));
      await watched.count(24);
      const olds = watched.done.slice(8, 24).filter((account) => account === 'old').length;
      assert.ok(olds >= 6, `each has half of the turns, not ${olds} of 16: ${watched.done.join()}`);
      await watched.count(32);
      await worker.stop();
    });

    test('who comes between two pieces of work begins where those are who wait', async () => {
      const worker = await open(store);
      const turnOf = async (accountId: string) => takeTurns(db, 'work', [{ accountId, isUrgent: false }]);
      assert.deepEqual(await turnOf('new'), [1]);
      await worker.sendAll(db, 'part', jobsOf('old', 4));
      await store.pool.query(
        `update pgboss.job set state = 'completed' where state < 'active' and -priority <= 2`,
      );
      assert.deepEqual([await turnOf('new'), await turnOf('old')], [[3], [5]]);
      await store.pool.query(`delete from pgboss.job where state < 'active'`);
      await worker.stop();
    });

    test('the finish of a run comes before what its account has in the queue', async () => {
      const worker = await open(store);
      const order: string[] = [];
      await worker.sendAll(db, 'part', jobsOf('busy', 5));
      await worker.send(db, { kind: 'finish', runId: 'run', attempt: 1 }, { accountId: 'busy' });
      await worker.work({ slots: 1 }, async ({ kind }) => void order.push(kind));
      while (order.length < 6) await sleep(10);
      assert.equal(order[0], 'finish');
      await worker.stop();
    });
  });
}

test(
  'the place of a killed worker is free when it is given up, and not before',
  { timeout: 600_000 },
  async () => {
    const db = crashStore.kysely;
    const file = new URL('../../test/servers/hanging-worker.ts', import.meta.url).pathname;
    const child = spawn(process.execPath, [file, crashPlace.databaseUrl!], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const engine = await open(crashStore);
    const [dead, next] = jobsOf('one', 2);
    await engine.sendAll(db, 'run', [dead!]);
    await once(child.stdout, 'data');
    child.kill('SIGKILL');
    await engine.sendAll(db, 'run', [next!]);
    const began: string[] = [];
    let active = 0;
    await engine.work({ slots: 3, perAccount: 1 }, async ({ runId }) => {
      active += 1;
      assert.equal(active, 1);
      began.push(runId);
      await sleep(50);
      active -= 1;
    });
    await sleep(2000);
    assert.deepEqual(began, [], 'nobody knows yet that it is dead');
    while (began.length < 2) await sleep(50);
    assert.deepEqual(new Set(began), new Set([dead!.runId, next!.runId]));
    await engine.stop();
  },
);
