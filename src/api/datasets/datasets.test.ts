import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { apiParts } from '../../../test/servers/api-parts.ts';
import { apiRig } from '../../../test/servers/api-rig.ts';
import { startDomo } from '../../../test/servers/domo-stand-in.ts';
import { openBothStores } from '../../../test/servers/store-places.ts';
import { newPerson, newWriteback } from '../../../test/servers/store-rows.ts';
import { contract } from '../../contract/contract.ts';
import { listAudit } from '../../store/audit.ts';
import { insertWritebackVersion } from '../../store/writeback-version.ts';
import { apiHandlers } from '../handlers.ts';

const domo = await startDomo();
after(() => domo.stop());

const csv = 'id,name,amount\n1,Ada,1.5\n2,"Bob, the second",\n3,,2.25\n';

for (const { name, store } of await openBothStores()) {
  const db = store.kysely;
  const parts = await apiParts(store);

  describe(`DataSets on the ${name}`, async () => {
    after(() => parts.engine.stop(1000));
    const call = apiRig(contract, apiHandlers(parts));
    const [ann, bob, eve, admin] = [
      await newPerson(db),
      await newPerson(db),
      await newPerson(db),
      { ...(await newPerson(db)), role: 'admin' as const },
    ];
    const type = (text: string) => ({ 'content-type': text });
    const upload = (body: string, kind = 'text/csv', by: typeof ann = ann) =>
      call(by, 'POST', '/datasets?name=Sales', body, type(kind));
    const made = async () => (await upload(csv)).body.id as string;
    const files = async () => readdir(join(parts.dataFolder, 'datasets')).catch(() => []);

    test('a file becomes a DataSet with types and rows, under a name that nobody chose', async () => {
      const { status, body } = await upload(csv);
      assert.equal(status, 201);
      assert.deepEqual(
        body.columns.map((column: { type: string }) => column.type),
        ['LONG', 'STRING', 'DOUBLE'],
      );
      assert.deepEqual([body.name, body.rows, body.bytes, body.ownerId], ['Sales', 3, csv.length, ann.id]);
      const [file] = await files();
      assert.match(file!, /^[0-9a-f]{32}\.csv$/);
      assert.equal(await readFile(join(parts.dataFolder, 'datasets', file!), 'utf8'), csv);
      assert.equal('file' in body, false);
    });

    test('TSV and JSON Lines are read as what they say they are', async () => {
      assert.equal((await upload('a\tb\n1\tx\n', 'text/tab-separated-values')).body.rows, 1);
      assert.equal((await upload('{"a":1}\n{"a":2}\n', 'application/jsonl; charset=utf-8')).body.rows, 2);
    });

    test('another content type, a broken file and one that is too large leave nothing behind', async () => {
      const before = (await files()).length;
      assert.equal((await upload('{"name":"x"}', 'application/json')).status, 415);
      assert.equal((await upload('<x/>', 'text/plain')).status, 415);
      assert.equal((await upload('a=1', 'application/x-www-form-urlencoded')).status, 415);
      assert.equal((await call(ann, 'POST', '/datasets?name=Sales')).status, 415);
      const broken = await upload('id,name\n1,"never closed\n');
      assert.equal(broken.status, 422);
      assert.doesNotMatch(JSON.stringify(broken.body), new RegExp(parts.dataFolder));
      assert.equal((await upload('')).status, 422);
      assert.equal((await upload('not parquet', 'application/vnd.apache.parquet')).status, 422);
      assert.equal((await upload(`id\n${'1\n'.repeat(600_000)}`)).status, 413);
      assert.equal((await files()).length, before);
    });

    test('a JSON call does not take a file', async () => {
      const { status } = await call(ann, 'POST', '/accounts', csv, type('text/csv'));
      assert.equal(status, 415);
    });

    test('only owner, co-owners and administrators know of it', async () => {
      const id = await made();
      for (const [method, url, body] of [
        ['GET', '', undefined],
        ['GET', '/preview', undefined],
        ['POST', '/query', { query: 'select 1' }],
        ['PATCH', '', { name: 'Mine' }],
        ['DELETE', '', undefined],
      ] as const)
        assert.equal((await call(bob, method, `/datasets/${id}${url}`, body)).status, 404, method + url);
      assert.equal((await call(bob, 'PUT', `/datasets/${id}/file`, csv, type('text/csv'))).status, 404);
      await call(ann, 'PATCH', `/datasets/${id}`, { coOwnerIds: [bob.id] });
      assert.equal((await call(bob, 'GET', `/datasets/${id}/preview`)).status, 200);
      assert.equal((await call(bob, 'PATCH', `/datasets/${id}`, { name: 'Ours' })).status, 200);
      assert.equal((await call(bob, 'PATCH', `/datasets/${id}`, { ownerId: bob.id })).status, 403);
      assert.equal((await call(bob, 'DELETE', `/datasets/${id}`)).status, 403);
      assert.equal((await call(admin, 'PATCH', `/datasets/${id}`, { ownerId: eve.id })).status, 200);
      assert.equal((await call(ann, 'GET', `/datasets/${id}`)).status, 404);
      const nobody = await call(eve, 'PATCH', `/datasets/${id}`, { coOwnerIds: ['person_0'] });
      assert.deepEqual([nobody.status, nobody.body.errors[0].path], [422, 'coOwnerIds']);
    });

    test('another file takes its place', async () => {
      const id = await made();
      const { body } = await call(ann, 'PUT', `/datasets/${id}/file`, 'id\n7\n', type('text/csv'));
      assert.deepEqual([body.id, body.rows, body.columns.length], [id, 1, 1]);
      assert.deepEqual((await call(ann, 'GET', `/datasets/${id}/preview`)).body.rows, [['7']]);
    });

    test('a preview and a query show rows; a query reaches nothing but the DataSet', async () => {
      const id = await made();
      const preview = await call(ann, 'GET', `/datasets/${id}/preview`);
      assert.deepEqual(preview.body.columns, ['id', 'name', 'amount']);
      assert.deepEqual(preview.body.rows[1], ['2', 'Bob, the second', null]);
      const query = (text: string) => call(ann, 'POST', `/datasets/${id}/query`, { query: text });
      assert.deepEqual((await query('select sum(amount) as total from tbl')).body, {
        columns: ['total'],
        rows: [['3.75']],
      });
      for (const hostile of [
        "select * from read_text('/etc/passwd')",
        "copy tbl to '/tmp/out.csv'",
        "attach '/tmp/x.db'",
        'select 1; drop table tbl',
        'no sql at all',
      ]) {
        const { status, body } = await query(hostile);
        assert.equal(status, 422, hostile);
        assert.doesNotMatch(JSON.stringify(body), new RegExp(`root:|${parts.dataFolder}`));
      }
    });

    test('it is not deleted while a writeback reads it', async () => {
      const id = await made();
      const writeback = await newWriteback(db, ann.id);
      const definition = JSON.stringify({ source: { kind: 'local', datasetId: id } });
      const version = { writebackId: writeback.id, version: 1, definition, changedBy: ann.id };
      await insertWritebackVersion(db, version);
      const refused = await call(ann, 'DELETE', `/datasets/${id}`);
      assert.deepEqual([refused.status, refused.body.code], [409, 'dataset-in-use-conflict']);
      assert.match(refused.body.detail, /Sales/);
      const unused = await made();
      const before = (await files()).length;
      assert.equal((await call(ann, 'DELETE', `/datasets/${unused}`)).status, 204);
      assert.equal((await files()).length, before - 1);
    });

    test('lists come in pages, and deeds stand in the audit log', async () => {
      const first = await call(ann, 'GET', '/datasets?limit=2');
      const second = await call(ann, 'GET', `/datasets?limit=2&after=${first.body.next}`);
      const ids = [...first.body.items, ...second.body.items].map(({ id }: { id: string }) => id);
      assert.equal(new Set(ids).size, 4);
      const actions = new Set((await listAudit(db, { limit: 200 })).map(({ action }) => action));
      for (const action of ['dataset.upload', 'dataset.replace', 'dataset.change', 'dataset.delete'])
        assert.ok(actions.has(action), action);
    });

    test('DataSets of Domo are seen through an account that one may use', async () => {
      const { clientId, clientSecret } = domo.account;
      const credentials = { clientId, clientSecret, baseUrl: domo.baseUrl };
      const { body: account } = await call(ann, 'POST', '/accounts', { connector: 'domo', credentials });
      const columns = [{ name: 'id', type: 'LONG' as const }];
      for (const name of ['Alpha', 'Beta', 'Gamma'])
        await domo.addDataset({ name: `${name} ${account.id}`, columns, rows: [['1']] });
      const url = `/accounts/${account.id}/datasets`;
      const first = await call(ann, 'GET', `${url}?limit=2&search=${account.id}`);
      const second = await call(ann, 'GET', `${url}?limit=2&search=${account.id}&after=${first.body.next}`);
      const names = [...first.body.items, ...second.body.items].map(({ name }: { name: string }) => name);
      assert.deepEqual(
        names.map((name) => name.split(' ')[0]),
        ['Alpha', 'Beta', 'Gamma'],
      );
      const described = await call(ann, 'GET', `${url}/${first.body.items[0].id}`);
      assert.deepEqual(described.body.columns, columns);
      assert.equal((await call(bob, 'GET', url)).status, 404);
      assert.equal((await call(ann, 'GET', `${url}/845305d8-da3d-4107-a9d6-13ef3f86d4a4`)).status, 404);
    });
  });
}
