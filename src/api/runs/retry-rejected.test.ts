import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { MongoClient } from 'mongodb';
import { apiParts } from '../../../test/servers/api-parts.ts';
import { apiRig } from '../../../test/servers/api-rig.ts';
import { startMongo } from '../../../test/servers/mongo-stand-in.ts';
import { reach, writer } from '../../../test/servers/mongo-trial.ts';
import { folderWriteback, keyRing, newAccount, registry } from '../../../test/servers/saved-writeback.ts';
import { serviceRig } from '../../../test/servers/service-rig.ts';
import { dataFolder, openBothStores } from '../../../test/servers/store-places.ts';
import { newPerson } from '../../../test/servers/store-rows.ts';
import { contract } from '../../contract/contract.ts';
import { deleteRunsBefore, findRun } from '../../store/run.ts';
import { listAudit } from '../../store/audit.ts';
import { apiHandlers } from '../handlers.ts';

const folder = await dataFolder();
/** Two Anns and two Cys, of which a unique index lets in one each. */
const rows = Buffer.from('id,name\n1,Ann\n2,Ann\n3,"C,y"\n4,"C,y"\n5,Ed\n');

for (const { name, store } of await openBothStores()) {
  const db = store.kysely;
  const parts = await apiParts(store, { keyRing, dataFolder: folder });

  describe(`rejected rows are tried again on the ${name}`, { timeout: 600_000 }, async () => {
    const call = apiRig(contract, apiHandlers(parts));
    const rig = await serviceRig(store, { registry, keyRing, dataFolder: folder });
    const mongo = await startMongo({ users: [writer] });
    const client = new MongoClient(`mongodb://${mongo.host}:${mongo.port}`, {
      auth: { username: writer.name, password: writer.password },
    });
    const bob = await newPerson(db);
    before(() => client.connect());
    after(async () => {
      await parts.engine.stop(1_000);
      await rig.stop();
      await client.close();
      await mongo.stop();
    });

    let collections = 0;
    /** A writeback into a collection of its own, where names are unique. */
    async function writeback(details: Record<string, unknown>) {
      collections += 1;
      const into = client.db('shop').collection(`sales${collections}`);
      await into.createIndex({ name: 1 }, { unique: true });
      const saved = await folderWriteback(db, { dataFolder: folder, out: folder, rows });
      const { username, password, ...credentials } = reach(mongo);
      const accountId = await newAccount(db, saved.ownerId, {
        connector: 'mongodb',
        credentials: { ...credentials, username },
        secrets: { password: String(password) },
      });
      const named = { collectionNameSource: 'customName', customCollectionName: into.collectionName };
      const pane = { ...named, rejectedRowsLimit: 9, ...details };
      const definition = { ...saved.definition, connector: 'mongodb', accountId, details: pane };
      const id = await rig.save(saved.id, saved.ownerId, definition);
      const ids = async () =>
        (await into.find({}, { sort: { id: 1 } }).toArray()).map((one) => String(one['id']));
      return { id, ownerId: saved.ownerId, into, ids, first: await rig.ended(await rig.start(id)) };
    }
    const retry = (runId: string) => call(bob, 'POST', `/runs/${runId}/retry-rejected`);
    const rename = async ({ into }: Awaited<ReturnType<typeof writeback>>, id: string) =>
      into.updateOne({ id }, { $set: { name: `no. ${id}` } });

    test('they are added once, with the ids that they would have had', async () => {
      const one = await writeback({ writeMode: 'append' });
      assert.deepEqual([one.first.state, one.first.rowsRejected], ['succeeded', 2]);
      await rename(one, '1');
      const second = await rig.ended((await retry(one.first.id)).body.runId);
      assert.equal(second.cause, 'rejected-rows');
      assert.deepEqual(
        [second.state, second.rowsRead, second.rowsWritten, second.rowsRejected],
        ['succeeded', 2, 1, 1],
      );
      assert.equal(second.receipt?.['run'], second.id);
      assert.deepEqual(await one.ids(), ['1', '2', '3', '5']);
      await rename(one, '3');
      for (const from of [second, one.first]) {
        const last = await rig.ended((await retry(from.id)).body.runId);
        assert.deepEqual([last.state, last.rowsRejected], ['succeeded', 0]);
        assert.deepEqual(await one.ids(), ['1', '2', '3', '4', '5']);
      }
      const documents = await one.into.find().toArray();
      assert.ok(documents.every((document) => document._id.id[11] === Number(document['id'])));
      const owner = { id: one.ownerId, role: 'editor' as const };
      const { body } = await call(owner, 'GET', `/runs/${second.id}/rejected.csv`);
      assert.match(body, /^id,name,_ROW_,_COLUMN_,_REASON_\n4,"C,y",4,,/);
      const [deed] = await listAudit(db, { target: second.id, limit: 1 });
      assert.deepEqual([deed?.action, deed?.details], ['run.retry-rejected', { of: one.first.id }]);
    });

    test('over what is there only as long as nothing newer was written', async () => {
      const one = await writeback({ writeMode: 'upsert', keyColumns: 'id' });
      assert.equal(one.first.rowsRejected, 2);
      for (const id of await one.ids()) await rename(one, id);
      const again = await rig.ended((await retry(one.first.id)).body.runId);
      assert.deepEqual([again.state, again.rowsWritten], ['succeeded', 2]);
      assert.deepEqual(await one.ids(), ['1', '2', '3', '4', '5']);
      await rig.ended(await rig.start(one.id));
      const late = await retry(one.first.id);
      assert.deepEqual([late.status, late.body.code], [409, 'rejected-rows-conflict']);
      assert.match(late.body.detail, /A newer run has written since/);
    });

    test('a dry run writes nothing, and its rejected rows are kept to be looked at alone', async () => {
      const one = await writeback({ writeMode: 'append' });
      const owner = { id: one.ownerId, role: 'editor' as const };
      const { body } = await call(owner, 'POST', `/writebacks/${one.id}/run`, { dryRun: true });
      const dry = await rig.ended(body.runId);
      assert.deepEqual([dry.state, dry.dryRun, dry.rowsRead, dry.rowsWritten], ['succeeded', true, 5, 0]);
      assert.equal((await one.ids()).length, 3);
      assert.match((await retry(body.runId)).body.detail, /dry run/);
    });

    test('what stands for the whole is never given some rows alone', async () => {
      const one = await writeback({ writeMode: 'replace' });
      const refused = await retry(one.first.id);
      assert.equal(refused.status, 409);
      assert.match(refused.body.detail, /as a whole/);
      assert.equal(await rig.live(one.id), undefined, 'no run was begun');
      const files = await folderWriteback(
        db,
        { dataFolder: folder, out: folder },
        {
          details: {
            fileName: 'rows',
            fileFormat: 'csv',
          },
        },
      );
      const { id } = await rig.ended(await rig.start(files.id));
      assert.match((await retry(id)).body.detail, /has rejected no row/);
    });

    test('rows that were not all kept, or are gone, are not tried again', async () => {
      const one = await writeback({ writeMode: 'append' });
      await db
        .updateTable('rejectedRow')
        .set({ cells: null })
        .where('runId', '=', one.first.id)
        .where('row', '=', 2)
        .execute();
      assert.match((await retry(one.first.id)).body.detail, /Of the 2 rows .* only 1/);
      const retries = JSON.stringify({
        rowsOf: 'run_gone',
        as: { id: 'run_gone', number: 1, startedAt: new Date() },
      });
      const orphan = await rig.ended(await rig.start(one.id, { cause: 'rejected-rows', retries }));
      assert.deepEqual([orphan.state, orphan.error?.['code']], ['failed', 'rejected-rows-gone']);
      assert.equal((await one.ids()).length, 3);
      const failed = await retry(orphan.id);
      assert.match(failed.body.detail, /has failed/);
    });

    test('the rows end with their run, and only with a live run beside them they have to wait', async () => {
      const one = await writeback({ writeMode: 'append' });
      await db.transaction().execute(async (transaction) => {
        await transaction
          .updateTable('run')
          .set({ state: 'running' })
          .where('id', '=', one.first.id)
          .execute();
      });
      assert.equal((await retry(one.first.id)).body.code, 'run-live-conflict');
      await db.updateTable('run').set({ state: 'succeeded' }).where('id', '=', one.first.id).execute();
      await deleteRunsBefore(db, new Date(Date.now() + 1_000));
      assert.equal(await findRun(db, one.first.id), undefined);
      const left = await db
        .selectFrom('rejectedDataset')
        .select('runId')
        .where('runId', '=', one.first.id)
        .execute();
      assert.deepEqual(left, []);
      assert.equal((await retry(one.first.id)).status, 404);
    });
  });
}
