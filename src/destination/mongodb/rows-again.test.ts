import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Document, MongoClient } from 'mongodb';
import { startMongo } from '../../../test/servers/mongo-stand-in.ts';
import { reach, ways, write, writer } from '../../../test/servers/mongo-trial.ts';

for (const { title, connector } of ways) {
  describe(`rejected rows and what becomes of them (${title})`, () => {
    let server: Awaited<ReturnType<typeof startMongo>>;
    let client: MongoClient;
    let databases = 0;
    before(async () => {
      server = await startMongo({ users: [writer] });
      const auth = { username: writer.name, password: writer.password };
      client = await MongoClient.connect(`mongodb://${server.host}:${server.port}`, { auth });
    });
    after(async () => {
      await client.close();
      await server.stop();
    });

    function place() {
      databases += 1;
      const databaseName = `t${databases}`;
      const db = client.db(databaseName);
      const all = async (): Promise<Document[]> =>
        db
          .collection('sales')
          .find({}, { sort: { id: 1 } })
          .toArray();
      const ids = async () => (await all()).map(({ id }) => id as number);
      return { credentials: { ...reach(server), databaseName }, db, all, ids };
    }

    test('a refused document is kept as its cells, which make the same document again', async () => {
      const here = place();
      await here.db.createCollection('sales');
      await here.db.collection('sales').createIndex({ text: 1 }, { unique: true });
      const rows = [
        `first,1,1.5,1,2024-02-29,2024-02-29T10:00:00.250Z,10:00:00,true`,
        `"a ""quoted"", text",-9007199254740993,1e+300,0.10,0001-01-01,9999-12-31T23:59:59.999Z,10:00:00.5,false`,
        `,,,,,,,`,
        `"",7,2.5,1E+3,,,,`,
      ];
      const types = ['STRING', 'LONG', 'DOUBLE', 'DECIMAL', 'DATE', 'DATETIME', 'TIME', 'BOOLEAN'] as const;
      const typed = types.map((type, at) => ({ name: at === 0 ? 'text' : `a.${type}`, type }));
      const all = `${rows.join('\n')}\n`;
      const one = { connector, credentials: here.credentials, columns: typed };
      const details = { writeMode: 'append', rejectedRowsLimit: 9, fieldNames: 'replace' };
      await write({ ...one, details }, all);
      const inserted = await write({ ...one, details, run: 'run-2' }, all);
      assert.deepEqual(
        inserted.rejected.map(({ row, cells }) => [row, cells]),
        rows.map((cells, at) => [at + 1, cells]),
      );
      const keyed = { ...details, writeMode: 'upsert', keyColumns: 'a.LONG' };
      for (const [at, { _id }] of (await here.all()).entries())
        await here.db.collection('sales').updateOne({ _id }, { $set: { a_LONG: 100 + at } });
      const upserted = await write({ ...one, details: keyed }, all);
      assert.deepEqual(
        upserted.rejected
          .map(({ row, cells }) => [row, cells] as const)
          .toSorted(([one], [other]) => one - other),
        rows.map((cells, at) => [at + 1, cells]),
      );
    });

    test('rows that come again have the ids that they would have had, and all others stay', async () => {
      const here = place();
      const one = { connector, credentials: here.credentials };
      const details = { writeMode: 'append', rejectedRowsLimit: 2 };
      await here.db.createCollection('sales');
      await here.db.collection('sales').createIndex({ name: 1 }, { name: 'by_name', unique: true });
      const first = await write({ ...one, details }, '1,Ann,1\n2,Ann,2\n3,Cy,3\n4,Cy,4\n5,Ed,5\n');
      assert.deepEqual(
        first.rejected.map(({ row }) => row),
        [2, 4],
      );
      const again = { ...one, details: { ...details, rejectedRowsLimit: 0 }, rowNumbers: [2, 4] };
      const rows = first.rejected.map(({ cells }) => `${cells}\n`).join('');
      await assert.rejects(write(again, rows), { code: 'too-many-rejected-rows' });
      assert.deepEqual(await here.ids(), [1, 3, 5], 'what the run wrote before stays');
      for (const id of [1, 3])
        await here.db.collection('sales').updateOne({ id }, { $set: { name: `other ${id}` } });
      for (const _ of ['first', 'second']) {
        const written = await write(again, rows);
        assert.deepEqual([written.rowsRead, written.rowsWritten], [2, 2]);
        assert.deepEqual(await here.ids(), [1, 2, 3, 4, 5]);
      }
      const found = await here.db.collection('sales').find().toArray();
      const numbers = found.map(({ _id, id }) => [_id.id[11], id as number]);
      assert.ok(numbers.every(([byte, id]) => byte === id));
    });
  });
}
