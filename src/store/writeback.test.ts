import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { openBothStores } from '../../test/servers/store-places.ts';
import { newPerson, newWriteback } from '../../test/servers/store-rows.ts';
import { insertAccount } from './account.ts';
import { newId } from './new-id.ts';
import { appendOutputRows, outputRowsAfter, replaceOutputRows } from './output-row.ts';
import {
  advanceSchedules,
  deleteSchedule,
  findSchedule,
  saveSchedule,
  takeDueSchedules,
} from './schedule.ts';
import { findWritebackVersion, insertWritebackVersion, listWritebackVersions } from './writeback-version.ts';
import { findWriteback, listWritebacks, updateWriteback } from './writeback.ts';

const minute = 60_000;

for (const { name, store } of await openBothStores()) {
  const db = store.kysely;

  describe(`writebacks on the ${name}`, () => {
    test('writebacks are listed page by page, and a deleted one is gone', async () => {
      const { id: ownerId } = await newPerson(db);
      const ids = [];
      for (let i = 0; i < 3; i++) ids.unshift((await newWriteback(db, ownerId)).id);
      const page = await listWritebacks(db, { ownerId, limit: 2 });
      assert.deepEqual(
        page.map(({ id }) => id),
        ids.slice(0, 2),
      );
      const rest = await listWritebacks(db, { ownerId, limit: 2, before: ids[1] });
      assert.deepEqual(
        rest.map(({ id }) => id),
        ids.slice(2),
      );
      await updateWriteback(db, ids[0]!, { deletedAt: new Date() });
      assert.equal(await findWriteback(db, ids[0]!), undefined);
      assert.equal((await listWritebacks(db, { ownerId, limit: 9 })).length, 2);
    });

    test('writebacks are found by connector, tag, state, and either of their accounts', async () => {
      const row = { id: newId('account'), connector: 'domo', name: 'Domo', credentials: '{}' };
      const { id: accountId } = await insertAccount(db, row);
      const { id, ownerId } = await newWriteback(db);
      await newWriteback(db, ownerId);
      await updateWriteback(db, id, {
        sourceAccountId: accountId,
        tags: ['daily'],
        state: 'paused',
        connector: 's3',
      });
      for (const filter of [
        { accountId },
        { tag: 'daily' },
        { state: 'paused' as const },
        { connector: 's3' },
      ]) {
        const found = await listWritebacks(db, { ownerId, limit: 9, ...filter });
        assert.deepEqual(
          found.map((one) => one.id),
          [id],
          JSON.stringify(filter),
        );
      }
    });

    test('every version of a writeback is kept, and an edit of an old one is refused', async () => {
      const { id } = await newWriteback(db);
      for (const version of [1, 2]) {
        await insertWritebackVersion(db, {
          writebackId: id,
          version,
          definition: JSON.stringify({ version }),
        });
      }
      assert.equal((await updateWriteback(db, id, { version: 2 }, 1))?.version, 2);
      assert.equal(await updateWriteback(db, id, { version: 2 }, 1), undefined);
      assert.deepEqual((await findWritebackVersion(db, id, 1))?.definition, { version: 1 });
      assert.deepEqual(
        (await listWritebackVersions(db, id)).map(({ version }) => version),
        [2, 1],
      );
    });

    test('a due schedule is taken once, however many schedulers look', async () => {
      const now = new Date();
      const due = new Date(now.getTime() - minute);
      const { id } = await newWriteback(db);
      await saveSchedule(db, { writebackId: id, definition: '{"every":"day"}', nextDueAt: due });
      await db.transaction().execute(async (first) => {
        assert.deepEqual(
          (await takeDueSchedules(first, now, 10)).map(({ writebackId }) => writebackId),
          [id],
        );
        const second = await db.transaction().execute((trx) => takeDueSchedules(trx, now, 10));
        assert.deepEqual(second, []);
        await advanceSchedules(first, [{ writebackId: id, nextDueAt: new Date(now.getTime() + minute) }]);
      });
      assert.deepEqual(await takeDueSchedules(db, now, 10), []);
      assert.deepEqual((await findSchedule(db, id))?.lastDueAt, due);
    });

    test('a paused writeback is not due, a new schedule takes the place of the old one', async () => {
      const past = new Date(0);
      const { id } = await newWriteback(db);
      await saveSchedule(db, { writebackId: id, definition: '{}', nextDueAt: null });
      await saveSchedule(db, { writebackId: id, definition: '{"every":"hour"}', nextDueAt: past });
      assert.deepEqual((await findSchedule(db, id))?.definition, { every: 'hour' });
      await updateWriteback(db, id, { state: 'paused', pausedBecause: 'You lost the DataSet.' });
      assert.deepEqual(await takeDueSchedules(db, new Date(), 10), []);
      await deleteSchedule(db, id);
      assert.equal(await findSchedule(db, id), undefined);
    });

    test('an output DataSet is appended to or replaced, and a run that is done again adds its rows once', async () => {
      const { id: writebackId } = await newWriteback(db);
      const [first, second] = [newId('run'), newId('run')];
      const cells = async () =>
        (await outputRowsAfter(db, writebackId, undefined, 10)).map((row) => row.cells);
      await appendOutputRows(db, { writebackId, runId: first }, [{ rows: 1 }, { rows: 2 }]);
      await appendOutputRows(db, { writebackId, runId: second }, [{ rows: 3 }]);
      await appendOutputRows(db, { writebackId, runId: second }, [{ rows: 4 }]);
      assert.deepEqual(await cells(), [{ rows: 1 }, { rows: 2 }, { rows: 4 }]);
      const after = await outputRowsAfter(db, writebackId, { runId: first, number: 1 }, 10);
      assert.deepEqual(
        after.map((row) => row.cells),
        [{ rows: 2 }, { rows: 4 }],
      );
      await db
        .transaction()
        .execute((trx) => replaceOutputRows(trx, { writebackId, runId: second }, [{ rows: 9 }]));
      assert.deepEqual(await cells(), [{ rows: 9 }]);
    });
  });
}
