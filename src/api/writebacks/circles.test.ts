import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { apiParts } from '../../../test/servers/api-parts.ts';
import { apiRig } from '../../../test/servers/api-rig.ts';
import { openBothStores } from '../../../test/servers/store-places.ts';
import { newPerson } from '../../../test/servers/store-rows.ts';
import { contract } from '../../contract/contract.ts';
import { apiHandlers } from '../handlers.ts';

for (const { name: place, store } of await openBothStores()) {
  const db = store.kysely;
  const parts = await apiParts(store);

  describe(`writebacks that start each other, on the ${place}`, async () => {
    after(() => parts.engine.stop(1000));
    const call = apiRig(contract, apiHandlers(parts));
    const [ann, admin] = [
      { ...(await newPerson(db)), role: 'editor' as const },
      { ...(await newPerson(db)), role: 'admin' as const },
    ];
    const csv = { 'content-type': 'text/csv' };
    const made = async (by: typeof ann | typeof admin) => {
      const credentials = { folder: parts.dataFolder };
      const account = await call(by, 'POST', '/accounts', { connector: 'folder', credentials });
      const dataset = await call(by, 'POST', '/datasets?name=Sales', 'id\n1\n', csv);
      return { accountId: account.body.id, source: { kind: 'local', datasetId: dataset.body.id } };
    };
    const own = new Map([
      [ann.id, await made(ann)],
      [admin.id, await made(admin)],
    ]);
    const afterSuccess = (writeback: string) => ({ schedule: { every: 'success', writeback } });
    const save = async (name: string, more: object = {}, by: typeof ann | typeof admin = ann) => {
      const details = { fileName: 'sales' };
      const body = { name, connector: 'folder', details, ...own.get(by.id), ...more };
      return (await call(by, 'POST', '/writebacks', body)).body;
    };
    const patch = (id: string, body: object, by: typeof ann | typeof admin = ann) =>
      call(by, 'PATCH', `/writebacks/${id}`, body);
    const get = async (id: string) => (await call(ann, 'GET', `/writebacks/${id}`)).body;
    const refused = async (answer: Promise<{ status: number; body: { code: string; detail: string } }>) => {
      const { status, body } = await answer;
      assert.deepEqual([status, body.code], [422, 'schedule-circle']);
      return body.detail;
    };

    test('a circle is refused with the whole chain, and nothing of it is kept', async () => {
      const a = await save('A');
      const b = await save('B', afterSuccess('A'));
      const c = await save('C', afterSuccess(b.id));
      const sentence = await refused(patch(a.id, afterSuccess(c.id)));
      assert.match(sentence, /“A” → “B” → “C” → “A”/);
      const now = await get(a.id);
      assert.deepEqual([now.version, now.schedule], [1, undefined]);
      assert.match(await refused(patch(a.id, afterSuccess(a.id))), /“A” → “A”/);
    });

    test('a new name closes a circle too, and so does a new owner', async () => {
      const waits = await save('Waits', afterSuccess((await save('First')).id));
      const other = await save('Other', afterSuccess(waits.id));
      await save('To come');
      assert.equal((await patch(waits.id, afterSuccess('To come'))).status, 200);
      assert.match(await refused(patch(other.id, { name: 'To come' })), /“To come” → “Waits” → “To come”/);
      const theirs = await save('To come', afterSuccess(waits.id), admin);
      assert.ok(theirs.id, 'of another owner it is another one');
      await refused(patch(theirs.id, { ownerId: ann.id, ...own.get(ann.id) }, admin));
      assert.equal((await get(theirs.id)).ownerId, admin.id);
    });

    test('of two changes at once that close a circle together one is refused', async () => {
      for (let round = 0; round < 5; round++) {
        const [left, right] = [await save(`left ${round}`), await save(`right ${round}`)];
        const answers = await Promise.all([
          patch(left.id, afterSuccess(right.id)),
          patch(right.id, afterSuccess(left.id)),
        ]);
        assert.deepEqual(
          answers.map(({ status }) => status).toSorted((one, other) => one - other),
          [200, 422],
        );
      }
    });

    test('who waits for what is not there, or is paused, says so', async () => {
      const unknown = await save('Lost', afterSuccess('wb_0'));
      assert.equal(unknown.code, 'schedule-writeback-unknown');
      const first = await save('Before');
      const second = await save('After', afterSuccess('Before'));
      assert.equal(second.waitsInVain, undefined);
      await call(ann, 'PUT', `/writebacks/${first.id}/paused`, { paused: true });
      assert.match((await get(second.id)).waitsInVain, /“Before”.* is paused/);
      await call(ann, 'PUT', `/writebacks/${first.id}/paused`, { paused: false });
      assert.equal((await get(second.id)).waitsInVain, undefined);
      await call(ann, 'DELETE', `/writebacks/${first.id}`);
      assert.match((await get(second.id)).waitsInVain, /was deleted/);
      const listed = (await call(ann, 'GET', '/writebacks?limit=1')).body.items[0];
      assert.match(listed.waitsInVain, /was deleted/);
      assert.equal((await patch(second.id, { paused: true })).status, 200, 'pausing it needs nothing mended');
      await save('Before');
      assert.equal((await get(second.id)).waitsInVain, undefined, 'a new one of that name will do');
    });
  });
}
