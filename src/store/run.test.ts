import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { openBothStores } from '../../test/servers/store-places.ts';
import { newRun, newWriteback } from '../../test/servers/store-rows.ts';
import { isDuplicate } from './explain-store-error.ts';
import { changePart, queueParts, listParts, takePart } from './part.ts';
import { countKeptRows, findRejectedDataset, rejectedRowsAfter, saveRejectedRows } from './rejected-row.ts';
import { insertRunEvents, runEventsAfter } from './run-event.ts';
import {
  changeRun,
  deleteRunsBefore,
  dueRunIndex,
  findLiveRun,
  findRun,
  insertRun,
  listRuns,
  liveRunIndex,
} from './run.ts';

for (const { name, store } of await openBothStores()) {
  const db = store.kysely;

  describe(`runs on the ${name}`, () => {
    test('a writeback never has two live runs, however many are started at once', async () => {
      const { id: writebackId } = await newWriteback(db);
      const start = () => db.transaction().execute((trx) => insertRun(trx, newRun(writebackId)));
      const started = await Promise.allSettled(Array.from({ length: 20 }, start));
      const refused = started.filter((one) => one.status === 'rejected');
      assert.equal(refused.length, 19);
      assert.ok(refused.every(({ reason }) => isDuplicate(reason, liveRunIndex)));
      const live = await findLiveRun(db, writebackId);
      assert.ok(live);
      assert.equal(live.number, 1);
      await changeRun(db, live.id, { state: ['queued'] }, { state: 'running' });
      await assert.rejects(start(), (error) => isDuplicate(error, liveRunIndex));
      await changeRun(db, live.id, { state: ['running'] }, { state: 'succeeded', finishedAt: new Date() });
      assert.equal((await start()).number, 2, 'refused runs took no number');
    });

    test('a finished run cannot come back to life beside a live one', async () => {
      const { id: writebackId } = await newWriteback(db);
      const { id } = await insertRun(db, newRun(writebackId));
      await changeRun(db, id, { state: ['queued'] }, { state: 'failed' });
      await insertRun(db, newRun(writebackId));
      await assert.rejects(changeRun(db, id, { state: ['failed'] }, { state: 'queued' }), (error) =>
        isDuplicate(error, liveRunIndex),
      );
    });

    test('one time of a schedule makes one run', async () => {
      const { id: writebackId } = await newWriteback(db);
      const due = new Date();
      const { id } = await insertRun(db, newRun(writebackId, due));
      await changeRun(db, id, { state: ['queued'] }, { state: 'succeeded' });
      await assert.rejects(insertRun(db, newRun(writebackId, due)), (error) =>
        isDuplicate(error, dueRunIndex),
      );
    });

    test('a worker of an earlier attempt changes nothing', async () => {
      const { id: writebackId } = await newWriteback(db);
      const { id } = await insertRun(db, newRun(writebackId));
      await changeRun(db, id, { state: ['queued'] }, { state: 'running', attempt: 1 });
      await changeRun(db, id, { state: ['running'], attempt: 1 }, { attempt: 2 });
      const late = await changeRun(db, id, { state: ['running'], attempt: 1 }, { state: 'succeeded' });
      assert.equal(late, undefined);
      assert.equal((await findRun(db, id))?.state, 'running');
    });

    test('runs are listed from the newest, by writeback and state, and old ones are removed with their log', async () => {
      const { id: writebackId } = await newWriteback(db);
      const ids: string[] = [];
      for (const day of [1, 2, 3]) {
        const { id } = await insertRun(db, newRun(writebackId));
        const finishedAt = new Date(Date.UTC(2020, 0, day));
        await changeRun(db, id, { state: ['queued'] }, { state: 'succeeded', finishedAt });
        await insertRunEvents(db, [{ runId: id, attempt: 1, kind: 'state', message: 'done' }]);
        ids.unshift(id);
      }
      const listed = async (filter: object) =>
        (await listRuns(db, { writebackId, limit: 2, ...filter })).map(({ id }) => id);
      assert.deepEqual(await listed({}), ids.slice(0, 2));
      assert.deepEqual(await listed({ before: ids[1] }), ids.slice(2));
      assert.deepEqual(await listed({ state: 'failed' }), []);
      assert.equal(await deleteRunsBefore(db, new Date(Date.UTC(2020, 0, 3))), 2);
      assert.deepEqual(await listed({}), ids.slice(0, 1));
      assert.deepEqual(await runEventsAfter(db, ids[2]!, 0, 10), []);
    });

    test('a part is fenced by its attempt', async () => {
      const { id: writebackId } = await newWriteback(db);
      const { id: runId } = await insertRun(db, newRun(writebackId));
      await queueParts(db, runId, [{ day: 1 }, {}]);
      const first = await takePart(db, runId, 1);
      const second = await takePart(db, runId, 1);
      assert.ok(first && second);
      assert.equal(second.attempt, 2);
      assert.equal(await changePart(db, first, { rows: 1 }), false);
      assert.equal(await changePart(db, second, { rows: 2, state: 'succeeded' }), true);
      assert.equal(await takePart(db, runId, 1), undefined, 'a finished part is not done again');
      assert.deepEqual(
        (await listParts(db, runId)).map(({ definition, rows, state }) => [definition, rows, state]),
        [
          [{ day: 1 }, 2, 'succeeded'],
          [{}, 0, 'queued'],
        ],
      );
      await queueParts(db, runId, [{ day: 2 }]);
      const [anew, ...more] = await listParts(db, runId);
      assert.deepEqual([anew?.state, anew?.definition, anew?.rows, more], ['queued', { day: 2 }, 0, []]);
      assert.equal((await takePart(db, runId, 1))?.attempt, 3, 'attempts of an earlier plan stay refused');
    });

    test('the log of a run is read on from where a reader was', async () => {
      const { id: writebackId } = await newWriteback(db);
      const { id: runId } = await insertRun(db, newRun(writebackId));
      const line = (message: string) => ({
        runId,
        attempt: 1,
        kind: 'log' as const,
        level: 'info' as const,
        message,
        fields: '{"rows":1}',
      });
      await insertRunEvents(db, ['one', 'two', 'three'].map(line));
      await insertRunEvents(db, []);
      const [one] = await runEventsAfter(db, runId, 0, 1);
      assert.deepEqual([one?.message, one?.fields], ['one', { rows: 1 }]);
      assert.deepEqual(
        (await runEventsAfter(db, runId, one!.id, 10)).map(({ message }) => message),
        ['two', 'three'],
      );
    });

    test('rejected rows of an attempt that is done again are there once', async () => {
      const { id: writebackId } = await newWriteback(db);
      const { id: runId } = await insertRun(db, newRun(writebackId));
      const row = (reason: string, cells: string | null = '1,"a,b"') => ({
        row: 10,
        column: null,
        reason,
        cells,
      });
      const dataset = { id: 'd', name: 'Sales', columns: [{ name: 'id', type: 'LONG' }] };
      await saveRejectedRows(db, runId, undefined, [row('one'), row('two')]);
      await saveRejectedRows(db, runId, dataset, [row('too long'), row('no number'), row('large', null)]);
      const found = await rejectedRowsAfter(db, runId, 0, 10);
      assert.deepEqual(
        found.map(({ number, reason, cells }) => [number, reason, cells]),
        [
          [1, 'too long', '1,"a,b"'],
          [2, 'no number', '1,"a,b"'],
          [3, 'large', null],
        ],
      );
      assert.equal((await rejectedRowsAfter(db, runId, 1, 10)).length, 2);
      assert.equal(await countKeptRows(db, runId), 2);
      assert.deepEqual(await findRejectedDataset(db, runId), dataset);
      await saveRejectedRows(db, runId, undefined, []);
      assert.deepEqual(await rejectedRowsAfter(db, runId, 0, 10), []);
      assert.equal(await findRejectedDataset(db, runId), undefined);
    });
  });
}
