import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Document } from 'mongodb';
import { type MongoServer, startMongo } from '../../../test/servers/mongo-stand-in.ts';
import { reach, reader, three, ways, write, writer } from '../../../test/servers/mongo-trial.ts';
import type { Column } from '../../dataset/dataset.ts';

for (const { title, connector } of ways) {
  describe(`mongodb, strictly: what is written (${title})`, () => {
    let server: MongoServer;
    before(async () => {
      server = await startMongo({ users: [writer, reader] });
    });
    after(() => server.stop());

    test('documents go as one sequence of ready ones, or else the receipt says so', async () => {
      server.clear();
      const asObjects = title !== 'ready documents';
      const code = 20;
      const when = (body: Document) => (body['documents'] === undefined) === asObjects;
      server.fault({ command: 'insert', when, error: { code, codeName: 'Wrong', message: 'the other way' } });
      const receipt = await write(
        { connector, credentials: reach(server), details: { writeMode: 'append' } },
        three,
      );
      assert.equal(receipt.rowsWritten, 3);
      assert.equal(
        receipt.warnings.some((line) => line.includes('does not take ready documents')),
        asObjects,
      );
    });

    test('validators are carried over, and refuse rows singly', async () => {
      server.clear();
      const options = { validator: { $jsonSchema: { required: ['name'] } }, validationAction: 'error' };
      const { MongoClient } = await import('mongodb');
      const client = await MongoClient.connect(server.uri, {
        auth: { username: writer.name, password: writer.password },
      });
      await client.db('shop').createCollection('sales', options);
      await client.close();
      const details = { nullValues: 'omit', rejectedRowsLimit: 1 };
      const receipt = await write({ connector, credentials: reach(server), details }, '1,Ann,1\n2,,2\n');
      assert.deepEqual([receipt.rowsWritten, receipt.rejected[0]?.row], [1, 2]);
      assert.deepEqual(server.collection('shop', 'sales')!.options['validator'], options.validator);
    });

    test('names that MongoDB refuses are refused with the rule', async () => {
      for (const name of ['a$b', 'system.users', '', 'x'.repeat(252)]) {
        const one = {
          connector,
          credentials: reach(server),
          details: { collectionNameSource: 'datasetName' },
          name,
        };
        await assert.rejects(write(one, three), {
          name: 'UserError',
          code: 'mongodb-collection-name-not-allowed',
        });
      }
    });

    test('the name is the DataSet’s id, its name, or a template', async () => {
      server.clear();
      for (const details of [
        { collectionNameSource: 'datasetId' },
        { collectionNameSource: 'datasetName' },
        { customCollectionName: 'sales_{yyyy}{MM}' },
      ]) {
        await write({ connector, credentials: reach(server), details }, three);
      }
      assert.deepEqual(server.collections('shop').toSorted(), ['My Sales', 'ds-1', 'sales_202405']);
    });

    test('a document over 16 MB is a rejected row', async () => {
      server.clear();
      const big = `1,${'x'.repeat(17_000_000)},1\n2,Bob,2\n`;
      const receipt = await write(
        { connector, credentials: reach(server), details: { rejectedRowsLimit: 1 } },
        big,
      );
      assert.deepEqual([receipt.rowsWritten, receipt.rejected[0]?.row], [1, 1]);
      assert.match(receipt.rejected[0]!.reason, /16 MB/);
    });

    test('dots and dollar signs in column names: kept, or replaced; Upsert replaces them', async () => {
      server.clear();
      const odd: Column[] = [
        { name: '$no', type: 'LONG' },
        { name: 'a.b', type: 'STRING' },
      ];
      const one = { connector, credentials: reach(server), columns: odd };
      await write(one, '1,x\n');
      assert.deepEqual(Object.keys(server.documents('shop', 'sales')![0]!), ['_id', '$no', 'a.b']);
      await write(
        { ...one, details: { writeMode: 'upsert', keyColumns: '$no', customCollectionName: 'other' } },
        '1,x\n',
      );
      assert.deepEqual(Object.keys(server.documents('shop', 'other')![0]!), ['_id', '_no', 'a_b']);
    });

    test('a DataSet’s own _id is kept, and its duplicates are rejected', async () => {
      server.clear();
      const own: Column[] = [
        { name: '_id', type: 'LONG' },
        { name: 'name', type: 'STRING' },
      ];
      const one = { connector, credentials: reach(server), columns: own, details: { rejectedRowsLimit: 1 } };
      const receipt = await write(one, '1,Ann\n1,Ann\n2,Bob\n');
      assert.deepEqual([receipt.rowsWritten, receipt.rejected[0]?.row], [2, 2]);
      assert.deepEqual(
        server.documents('shop', 'sales')!.map(({ _id }) => String(_id)),
        ['1', '2'],
      );
    });

    test('where collections cannot be renamed, rows are replaced in place, and that is said', async () => {
      const weak = await startMongo({ users: [writer], without: ['renameCollection'] });
      try {
        const one = { connector, credentials: reach(weak) };
        await write({ ...one, run: 'run-1' }, three);
        for (let attempt = 0; attempt < 2; attempt += 1) {
          const { warnings, rowsWritten } = await write({ ...one, run: 'run-2' }, '5,Flo,1\n6,Gil,1\n');
          assert.ok(warnings.some((line) => /cannot rename/.test(line)));
          assert.equal(rowsWritten, 2);
        }
        assert.deepEqual(
          weak.documents('shop', 'sales')!.map(({ id }) => String(id)),
          ['5', '6'],
        );
        assert.deepEqual(weak.collections('shop'), ['sales']);
      } finally {
        await weak.stop();
      }
    });
  });
}
