import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openBothStores, quiet } from '../../test/servers/store-places.ts';
import { newRun, newWriteback } from '../../test/servers/store-rows.ts';
import type { Db } from '../store/database.ts';
import { type Part, listParts, takePart } from '../store/part.ts';
import { type Run, findRun } from '../store/run.ts';
import { type CancelWatch, watchCanceled } from './cancel-watch.ts';
import { type Engine, type RunJob, openEngine } from './engine.ts';
import type { Plan } from './plan.ts';
import { endPart, outcomeOf, queuePartAgain, splitRun } from './parts.ts';
import { cancelRun, endRun, startRun, takeRun } from './run.ts';

const stores = await openBothStores();

/** Does one part; what it throws is not expected. */
type PartWork = (part: Part, signal: AbortSignal) => Promise<void>;

const error = { code: 'part-broke', message: 'It broke.', temporary: false };

const dataset = { id: 'sales', name: 'Sales', columns: [] };
const planOf = (count: number): Plan => ({
  startedAt: new Date().toISOString(),
  dataset,
  parts: Array.from({ length: count }, (_, day) => ({ range: { key: 'day', from: `${day}` } })),
});

/** A worker without rows: plans, does parts, finishes. */
async function workWith(db: Db, engine: Engine, count: number, work: PartWork): Promise<void> {
  const kinds = {
    async run({ runId }: RunJob) {
      const run = await takeRun(db, runId, 'planner');
      if (run) await db.transaction().execute((trx) => splitRun(trx, engine, run, planOf(count)));
    },
    async part({ runId, part: number }: RunJob, signal: AbortSignal) {
      const part = await takePart(db, runId, number!);
      if (part) await work(part, signal);
    },
    async finish({ runId }: RunJob) {
      const run = await takeRun(db, runId, 'finisher', 'finish');
      if (run) await endRun(db, run, outcomeOf(await listParts(db, runId)));
    },
  };
  await engine.work({ slots: 4 }, async (job, signal) => kinds[job.kind](job, signal));
}

async function ended(db: Db, id: string): Promise<Run> {
  for (;;) {
    const run = await findRun(db, id);
    if (run?.finishedAt) return run;
    await sleep(30);
  }
}

for (const { name, store } of stores) {
  const db = store.kysely;
  const engines: Engine[] = [];
  const watch: CancelWatch = watchCanceled(db, quiet);
  after(async () => {
    watch.stop();
    await Promise.all(engines.map(async (engine) => engine.stop(1000)));
  });

  const begin = async (count: number, work: (engine: Engine) => PartWork) => {
    const engine = await openEngine(store.bossOptions, quiet);
    engines.push(engine);
    await workWith(db, engine, count, work(engine));
    const { id: writebackId } = await newWriteback(db);
    const run = await db.transaction().execute((trx) => startRun(trx, engine, newRun(writebackId)));
    return { engine, id: run.id };
  };
  const end = async (engine: Engine, part: Part, how: Parameters<typeof endPart>[3]) =>
    db.transaction().execute((trx) => endPart(trx, engine, part, how));

  describe(`parts on the ${name}`, { timeout: 600_000, concurrency: 1 }, () => {
    test('all parts are done once, and then the run is finished once', async () => {
      const done: number[] = [];
      const { engine, id } = await begin(9, (engine) => async (part) => {
        done.push(part.number);
        assert.equal(await takeRun(db, part.runId, 'late'), undefined, 'what is planned is not begun again');
        await end(engine, part, { state: 'succeeded', delivered: { rows: part.number } });
      });
      assert.equal((await ended(db, id)).state, 'succeeded');
      assert.deepEqual(
        done.toSorted((a, b) => a - b),
        [1, 2, 3, 4, 5, 6, 7, 8, 9],
      );
      const parts = await listParts(db, id);
      assert.deepEqual(
        parts.map(({ delivered }) => delivered?.['rows']),
        [1, 2, 3, 4, 5, 6, 7, 8, 9],
      );
      assert.deepEqual(parts[3]?.definition, { range: { key: 'day', from: '3' } });
      await engine.stop();
    });

    test('a part that is tried again holds the run open, and its earlier attempt changes nothing', async () => {
      const stale: Part[] = [];
      const { engine, id } = await begin(3, (engine) => async (part) => {
        if (part.number === 2 && part.attempt === 1) {
          stale.push(part);
          const again = { at: new Date(Date.now() + 300), error };
          await db.transaction().execute((trx) => queuePartAgain(trx, engine, part, again));
        } else await end(engine, part, { state: 'succeeded' });
      });
      assert.equal((await ended(db, id)).state, 'succeeded');
      assert.equal((await listParts(db, id))[1]?.attempt, 2);
      assert.equal(await end(engine, stale[0]!, { state: 'failed', error }), false);
      await engine.stop();
    });

    test('a part that fails stops the others and fails the run, with its reason', async () => {
      let begun = 0;
      const { engine, id } = await begin(12, (engine) => async (part, signal) => {
        begun++;
        if (part.number === 1) {
          await end(engine, part, { state: 'failed', error });
          return;
        }
        await watch.during(part.runId, signal, async (either) => {
          await sleep(30_000, undefined, { signal: either }).catch(() => {});
          await end(engine, part, { state: 'canceled' });
        });
      });
      const run = await ended(db, id);
      assert.deepEqual([run.state, run.error], ['failed', error]);
      assert.ok(begun < 12, 'those that waited were not begun');
      await engine.stop();
    });

    test('a part that fails for now beside one that failed for good is not waited for', async () => {
      const { engine, id } = await begin(2, (engine) => async (part) => {
        if (part.number === 1) {
          await end(engine, part, { state: 'failed', error });
          return;
        }
        while ((await listParts(db, part.runId))[0]?.state !== 'failed') await sleep(10);
        const again = { at: new Date(Date.now() + 3_600_000), error };
        await db.transaction().execute((trx) => queuePartAgain(trx, engine, part, again));
      });
      assert.equal((await ended(db, id)).state, 'failed');
      await engine.stop();
    });

    test('a run that is canceled ends when its parts have', async () => {
      const { engine, id } = await begin(6, (engine) => async (part, signal) => {
        await watch.during(part.runId, signal, async (either) => {
          await sleep(30_000, undefined, { signal: either }).catch(() => {});
          await end(engine, part, { state: 'canceled' });
        });
      });
      while (!(await listParts(db, id)).some(({ state }) => state === 'running')) await sleep(30);
      await db.transaction().execute((trx) => cancelRun(trx, engine, id));
      assert.equal((await ended(db, id)).state, 'canceled');
      await engine.stop();
    });

    test('of two parts that end at the same moment one knows that it is the last', async () => {
      const engine = await openEngine(store.bossOptions, quiet);
      engines.push(engine);
      const { id: writebackId } = await newWriteback(db);
      const { id } = await db.transaction().execute((trx) => startRun(trx, engine, newRun(writebackId)));
      const run = (await takeRun(db, id, 'one'))!;
      await splitRun(db, engine, run, planOf(2));
      const [one, two] = [(await takePart(db, id, 1))!, (await takePart(db, id, 2))!];
      let second: Promise<boolean> | undefined;
      await db.transaction().execute(async (trx) => {
        await endPart(trx, engine, one, { state: 'succeeded' });
        second = end(engine, two, { state: 'succeeded' });
        await sleep(200);
      });
      assert.equal(await second, true);
      assert.equal(await engine.isQueued('finish', id), true);
      await endRun(db, run, { state: 'succeeded' });
      await engine.stop();
    });

    test('a second attempt of the planner keeps the parts, and a planner that was given up plans nothing', async () => {
      const engine = await openEngine(store.bossOptions, quiet);
      engines.push(engine);
      const { id: writebackId } = await newWriteback(db);
      const { id } = await db.transaction().execute((trx) => startRun(trx, engine, newRun(writebackId)));
      const first = await takeRun(db, id, 'one');
      const second = await takeRun(db, id, 'two');
      assert.equal(await splitRun(db, engine, first!, planOf(1)), false);
      assert.deepEqual(await listParts(db, id), []);
      assert.equal(await splitRun(db, engine, second!, planOf(2)), true);
      assert.equal(await splitRun(db, engine, second!, planOf(3)), true);
      assert.equal((await listParts(db, id)).length, 2);
      await endRun(db, second!, { state: 'canceled' });
      await engine.stop();
    });
  });
}
