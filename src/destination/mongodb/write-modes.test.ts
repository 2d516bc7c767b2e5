import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startMongoJavaServer } from '../../../test/servers/mongo-java-server.ts';
import { startMongo } from '../../../test/servers/mongo-stand-in.ts';
import { reach, steps, three, ways, write, writer } from '../../../test/servers/mongo-trial.ts';

/** The suite that every server must pass; `credentials` reach it, each test has a database of its own. */
function suite(
  title: string,
  open: () => Promise<{ credentials: Record<string, unknown>; close(): Promise<void> } | undefined>,
) {
  for (const { title: way, connector } of ways) {
    describe(`mongodb (${way}) on ${title}`, () => {
      let server: Awaited<ReturnType<typeof open>>;
      let databases = 0;
      before(async () => {
        server = await open();
      });
      after(() => server?.close());

      async function place() {
        const { MongoClient } = await import('mongodb');
        databases += 1;
        const databaseName = `t${process.pid}_${databases}`;
        const credentials = { ...server!.credentials, databaseName };
        const { host, databasePort, username, password } = credentials as Record<string, string>;
        const auth = username ? { auth: { username, password: password! }, authSource: 'admin' } : {};
        const client = await MongoClient.connect(
          (server!.credentials['connectionString'] as string) ?? `mongodb://${host}:${databasePort}`,
          auth,
        );
        const db = client.db(databaseName);
        const all = async (name = 'sales') =>
          db
            .collection(name)
            .find({}, { sort: { id: 1 } })
            .toArray();
        const ids = async () => (await all()).map(({ id }) => id as number);
        const close = async () => {
          await db.dropDatabase();
          await client.close();
        };
        return { credentials, db, all, ids, [Symbol.asyncDispose]: close };
      }

      test('rows become typed documents, and replace what was there', async () => {
        await using here = await place();
        await here.db.collection('sales').insertOne({ old: true });
        const receipt = await write({ connector, credentials: here.credentials }, three);
        assert.deepEqual([receipt.rowsRead, receipt.rowsWritten, receipt.rowsRejected], [3, 3, 0]);
        assert.match(receipt.location[0]!, /\/t\d+_\d+\.sales$/);
        const [first, , third] = await here.all();
        assert.deepEqual([first!['id'], first!['name'], String(first!['amount'])], [1, 'Ann', '1.50']);
        assert.equal(third!['amount'], null);
        assert.deepEqual(await here.ids(), [1, 2, 3]);
      });

      test('replace carries indexes over, and a unique one still rejects', async () => {
        await using here = await place();
        await here.db.createCollection('sales');
        await here.db.collection('sales').createIndex({ name: 1 }, { name: 'by_name', unique: true });
        const again = await write(
          { connector, credentials: here.credentials, details: { rejectedRowsLimit: 1 } },
          `${three}4,Ann,7\n`,
        );
        assert.deepEqual([again.rowsWritten, again.rowsRejected, again.rejected[0]?.row], [3, 1, 4]);
        assert.match(again.rejected[0]!.reason, /duplicate key/i);
        const indexes = await here.db.collection('sales').indexes();
        assert.ok(indexes.some(({ name, unique }) => name === 'by_name' && unique));
      });

      test('append adds each run once, however often it is tried', async () => {
        await using here = await place();
        const one = { connector, credentials: here.credentials, details: { writeMode: 'append' } };
        await write(one, three);
        const replay = await write(one, three);
        assert.equal(replay.rowsWritten, 3);
        assert.deepEqual(await here.ids(), [1, 2, 3]);
        await write({ ...one, run: 'run-2' }, '4,Di,4\n');
        assert.deepEqual(await here.ids(), [1, 2, 3, 4]);
      });

      test('an append whose second try has fewer rows leaves only those', async () => {
        await using here = await place();
        const one = { connector, credentials: here.credentials, details: { writeMode: 'append' } };
        await write(one, three);
        await write(one, '1,Ann,1.50\n');
        assert.deepEqual(await here.ids(), [1]);
      });

      test('upsert writes by key, the last row of a key wins, foreign fields stay', async () => {
        await using here = await place();
        const one = {
          connector,
          credentials: here.credentials,
          details: { writeMode: 'upsert', keyColumns: 'id' },
        };
        await write(one, three);
        await here.db.collection('sales').updateOne({ name: 'Bob' }, { $set: { note: 'kept' } });
        const receipt = await write({ ...one, run: 'run-2' }, '2,Bea,1\n9,Zed,1\n2,Ben,2\n');
        assert.equal(receipt.rowsWritten, 3);
        assert.ok(receipt.warnings.some((line) => /same key/.test(line)));
        const found = (await here.all()).map(({ id, name, note }) => [id, name, note as unknown]);
        assert.deepEqual(found, [
          [1, 'Ann', undefined],
          [2, 'Ben', 'kept'],
          [3, 'Cy', undefined],
          [9, 'Zed', undefined],
        ]);
      });

      test('rows without a key are rejected', async () => {
        await using here = await place();
        const details = { writeMode: 'upsert', keyColumns: 'id', rejectedRowsLimit: 1 };
        const receipt = await write(
          { connector, credentials: here.credentials, details },
          '1,Ann,1\n,Bob,2\n',
        );
        assert.deepEqual(
          [receipt.rowsWritten, receipt.rejected[0]?.row, receipt.rejected[0]?.column],
          [1, 2, 'id'],
        );
        assert.deepEqual(await here.ids(), [1]);
      });

      test('duplicates in the collection forbid the key, and are told', async () => {
        await using here = await place();
        await here.db.collection('sales').insertMany([{ id: 1 }, { id: 1 }]);
        const details = { writeMode: 'upsert', keyColumns: 'id' };
        await assert.rejects(write({ connector, credentials: here.credentials, details }, three), {
          name: 'UserError',
          code: 'mongodb-key-not-unique',
          field: 'keyColumns',
        });
        assert.equal((await here.all()).length, 2);
      });

      test('mirror deletes what this writeback wrote before and is gone, and nothing else', async () => {
        await using here = await place();
        await here.db.collection('sales').insertOne({ id: 100, name: 'foreign' });
        const one = {
          connector,
          credentials: here.credentials,
          details: { writeMode: 'mirror', keyColumns: 'id' },
        };
        await write(one, three);
        await write({ ...one, run: 'run-2' }, '2,Bob,2\n4,Di,4\n');
        assert.deepEqual(await here.ids(), [2, 4, 100]);
        await write({ ...one, run: 'run-2' }, '2,Bob,2\n4,Di,4\n');
        assert.deepEqual(await here.ids(), [2, 4, 100]);
        await write({ ...one, run: 'run-3' }, '');
        assert.deepEqual(await here.ids(), [100]);
      });

      test('mirror keeps the document of a row that was rejected in this run', async () => {
        await using here = await place();
        await here.db.collection('sales').insertOne({ id: 6, name: 'foreign' });
        const details = { writeMode: 'mirror', keyColumns: 'id\nname', rejectedRowsLimit: 5 };
        const one = { connector, credentials: here.credentials, details };
        await write(one, '1,"A, ""n""",1\n2,Bob,2\n3,Cy,3\n');
        // Values that are no decimal, an id that is no number, and a key that somebody else's document has.
        const again = '1,"A, ""n""",x\n2,Bob,7\nzz,Cy,1\n6,foreign,y\n';
        const receipt = await write({ ...one, run: 'run-2' }, again);
        assert.equal(receipt.rowsRejected, 3);
        const found = (await here.all()).map(({ id, name, amount }) => [id, name, String(amount)]);
        assert.deepEqual(found, [
          [1, 'A, "n"', '1'],
          [2, 'Bob', '7'],
          [6, 'foreign', 'undefined'],
        ]);
        await write({ ...one, run: 'run-3' }, '2,Bob,2\n');
        assert.deepEqual(await here.ids(), [2, 6]);
      });

      test('mirror keeps the document of a row that the server refused in this run', async () => {
        await using here = await place();
        await here.db.collection('sales').createIndex({ name: 1 }, { unique: true });
        await here.db.collection('sales').insertOne({ id: 100, name: 'taken' });
        const details = { writeMode: 'mirror', keyColumns: 'id', rejectedRowsLimit: 1 };
        const one = { connector, credentials: here.credentials, details };
        await write(one, three);
        const receipt = await write({ ...one, run: 'run-2' }, '1,taken,1\n2,Bob,3\n');
        assert.deepEqual([receipt.rowsWritten, receipt.rejected[0]?.row], [1, 1]);
        const found = (await here.all()).map(({ id, name }) => [id, name]);
        assert.deepEqual(found, [
          [1, 'Ann'],
          [2, 'Bob'],
          [100, 'taken'],
        ]);
      });

      test('an abort midway leaves target and database as they were; the same run again is whole', async () => {
        await using here = await place();
        await write({ connector, credentials: here.credentials }, three);
        const controller = new AbortController();
        async function* endless() {
          for (let id = 10; ; id += 1) {
            yield Buffer.from(`${id},${'x'.repeat(50_000)},1\n`);
            if (id === 400) controller.abort(new Error('stop'));
            await sleep(0);
          }
        }
        const one = { connector, credentials: here.credentials, run: 'run-2' };
        await assert.rejects(write({ ...one, signal: controller.signal }, endless()), { message: 'stop' });
        assert.deepEqual(await here.ids(), [1, 2, 3]);
        await write(one, '7,Hal,1\n');
        assert.deepEqual(await here.ids(), [7]);
        assert.deepEqual(
          (await here.db.listCollections().toArray()).map(({ name }) => name),
          ['sales'],
        );
      });

      test('the connection test passes and leaves nothing', async () => {
        await using here = await place();
        const seen = await steps({ connector, credentials: here.credentials });
        assert.deepEqual(
          seen.map(({ name, ok }) => [name, ok]),
          [
            ['connect', true],
            ['sign in', true],
            ['permission', true],
            ['write probe', true],
          ],
        );
        assert.deepEqual(await here.db.listCollections().toArray(), []);
      });
    });
  }
}

suite('the stand-in', async () => {
  const server = await startMongo({ users: [writer] });
  return { credentials: reach(server), close: () => server.stop() };
});

const java = await startMongoJavaServer();
if (java) {
  after(() => java.stop());
  suite('mongo-java-server', async () => ({
    credentials: { host: java.host, databasePort: java.port },
    close: async () => {},
  }));
} else {
  console.error('MISSING real server: mongo-java-server (test/servers/install/mongo-java-server.sh)');
  test('mongo-java-server is there', () => assert.ok(!process.env['CI']));
}
const other = process.env['MONGODB_TEST_URI'];
if (other)
  suite('MONGODB_TEST_URI', async () => ({
    credentials: { connectionString: other },
    close: async () => {},
  }));
