import assert from 'node:assert/strict';
import { beforeEach, test, after } from 'node:test';
import { columns, reach, three, work, writer, ways, write } from '../../../test/servers/mongo-trial.ts';
import { startMongo } from '../../../test/servers/mongo-stand-in.ts';
import { beginParts, deliverPart, discardParts, publishParts } from '../../connector/deliver-part.ts';

const server = await startMongo({ users: [writer] });
after(() => server.stop());
beforeEach(() => server.clear());

const dataset = { id: 'ds-1', name: 'My Sales', columns };

for (const { title, connector } of ways) {
  const one = { connector, credentials: reach(server), details: { splitColumn: 'id', parts: 3 } };
  const terms = {
    ...work(one),
    connector,
    opened: { dataset },
    run: { id: 'run-9', number: 9, startedAt: new Date('2024-05-06T07:08:09Z') },
    writeback: { id: 'wb-1', name: 'W', timeZone: 'UTC' },
  };
  const part = async (number: number, rows: string, attempt = '1', names = 'id,name,amount') => {
    async function* body() {
      yield Buffer.from(`${names}\n${rows}`);
    }
    const used = names.split(',').map((name, index) => ({ ...columns[index]!, name }));
    const opened = { dataset: { ...dataset, columns: used }, body: body(), verify: async () => {} };
    return deliverPart({ ...terms, opened }, { number, attempt });
  };
  const ids = (name = 'sales') =>
    server
      .documents('shop', name)
      ?.map(({ id }) => Number(id))
      .toSorted((a, b) => a - b);

  test(`parts replace the collection together, and readers see the old one until then (${title})`, async () => {
    await write({ ...one, details: {} }, three);
    assert.equal(await beginParts(terms), true);
    const held = await Promise.all([part(1, '4,Di,1\n5,Ed,2\n'), part(2, ''), part(3, '6,Flo,3\n')]);
    assert.deepEqual(ids(), [1, 2, 3]);
    const { rowsWritten, location } = await publishParts(terms, held);
    assert.deepEqual([rowsWritten, location.length], [3, 1]);
    assert.deepEqual([ids(), server.collections('shop')], [[4, 5, 6], ['sales']]);
    await publishParts(terms, held);
    assert.deepEqual([ids(), server.collections('shop')], [[4, 5, 6], ['sales']], 'the same again');
  });

  test(`what an attempt wrote that was given up is not published, also when it writes on (${title})`, async () => {
    await beginParts(terms);
    await part(1, '1,Ann,1\n7,Gus,7\n');
    const held = [await part(1, '1,Ann,1\n', '2'), await part(2, '2,Bob,2\n')];
    await part(2, '8,Hal,8\n', 'late');
    await publishParts(terms, held);
    assert.deepEqual(ids(), [1, 2]);
    await part(2, '9,Ida,9\n', 'later');
    assert.deepEqual(ids(), [1, 2]);
    await publishParts(terms, held);
    assert.deepEqual([ids(), server.collections('shop')], [[1, 2], ['sales']]);
  });

  test(`a run without rows leaves an empty collection, also when it is published again (${title})`, async () => {
    await write({ ...one, details: {} }, three);
    await beginParts(terms);
    const held = [await part(1, ''), await part(2, '')];
    server.fault({ command: 'renameCollection', skip: 1, drop: 'after' });
    await assert.rejects(publishParts(terms, held));
    await publishParts(terms, held);
    assert.deepEqual([ids(), server.collections('shop')], [[], ['sales']]);
  });

  test(`what is missing is not published, and nothing is left of a run that is given up (${title})`, async () => {
    await write({ ...one, details: {} }, three);
    await beginParts(terms);
    const held = await part(1, '4,Di,1\n5,Ed,2\n');
    const tampered = { ...held, held: { ...held.held, rows: 3 } };
    await assert.rejects(publishParts(terms, [tampered]), { code: 'mongodb-count-differs' });
    await discardParts(terms, [tampered]);
    assert.deepEqual([ids(), server.collections('shop')], [[1, 2, 3], ['sales']]);
  });

  test(`rows with an _id of their own are refused, with the field (${title})`, async () => {
    await beginParts(terms);
    await assert.rejects(part(1, '1,Ann,1\n', '1', '_id,name,amount'), {
      code: 'mongodb-parts-own-id',
      field: 'splitColumn',
    });
    await discardParts(terms, []);
  });
}

test('a server that cannot rename is written to as a whole', async () => {
  const simple = await startMongo({ users: [writer], without: ['renameCollection'] });
  try {
    const { connector } = ways[0]!;
    const one = { connector, credentials: reach(simple), details: { splitColumn: 'id' } };
    const run = { id: 'run-1', number: 1, startedAt: new Date() };
    const writeback = { id: 'wb-1', name: 'W', timeZone: 'UTC' };
    const terms = { ...work(one), connector, opened: { dataset }, run, writeback };
    assert.equal(await beginParts(terms), false);
    assert.deepEqual(simple.collections('shop'), []);
  } finally {
    await simple.stop();
  }
});
