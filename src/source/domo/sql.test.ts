import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { columns, countRows, csv, read, signal, startDomoRig } from '../../../test/servers/domo-rig.ts';

const { add, many, open, source, stand } = await startDomoRig();
after(() => stand.stop());

test('a query gives the same cells as an export, and says how many rows it has', async () => {
  const { id } = await add('Query');
  const opened = await open(id, { query: 'select * from tbl order by made nulls last;' });
  assert.equal(await read(opened), csv);
  assert.deepEqual(opened.dataset.columns, columns);
  await opened.verify(4);
  await assert.rejects(opened.verify(3), { code: 'domo-short-export' });
  const some = await source().query({
    datasetId: id,
    query: 'select name, id from tbl order by id',
    limit: 2,
    signal,
  });
  assert.deepEqual(some, {
    columns: ['name', 'id'],
    rows: [
      ['plain', '1'],
      ['', '3'],
    ],
  });
  await assert.rejects(open(id, { query: 'select nothing from tbl' }), {
    name: 'UserError',
    code: 'domo-query-refused',
    field: 'query',
  });
});

test('the answer to a query that breaks off, or lacks rows, is an error', async () => {
  const { id } = await many('Broken answer', 50_000);
  for (const kind of ['cut', 'half-row'] as const) {
    stand.faults.next('query', kind);
    const whole = open(id, { query: 'select * from tbl' }).then(read);
    await assert.rejects(whole, { name: 'TemporaryError', code: 'domo-export-cut' }, kind);
  }
  stand.faults.next('query', 'short');
  const opened = await open(id, { query: 'select * from tbl' });
  const count = countRows(await read(opened));
  await assert.rejects(opened.verify(count), { name: 'TemporaryError', code: 'domo-short-export' });
});

test('the parts of a split hold every row once, in the order of the key', async () => {
  const keys = Array.from({ length: 1000 }, (_, at) =>
    at % 50 === 0 ? null : `key ${(at * 7) % 300} \\ '"`,
  );
  const { id } = await stand.addDataset({
    name: 'Split',
    columns: [
      { name: 'a "key"', type: 'STRING' },
      { name: 'at', type: 'LONG' },
    ],
    generate: { count: 1000, row: (at) => [keys[at] ?? null, `${at}`] },
  });
  for (const key of ['at', 'a "key"']) {
    const one = source();
    const parts: string[][] = [];
    for (const range of await one.cut({ datasetId: id, signal }, key, 4)) {
      const opened = await one.open({ datasetId: id, range, signal });
      parts.push((await read(opened)).split('\n').slice(1, -1));
      await opened.verify(parts.at(-1)?.length ?? 0);
    }
    const all = parts.flat().map((line) => line.split(',').at(-1));
    assert.equal(all.length, 1000);
    assert.equal(new Set(all).size, 1000);
    if (key === 'at')
      assert.deepEqual([parts.map((part) => part.length), all[999]], [[250, 250, 250, 250], '999']);
  }
  await assert.rejects(source().cut({ datasetId: id, signal }, 'none', 2), { code: 'domo-no-such-column' });
});

test('one day of a DATETIME column, and of a DATE column in zones east and west', async () => {
  const { id } = await add('Day');
  const day = { column: 'made', from: '2024-02-29T00:00:00.000Z', to: '2024-03-01T00:00:00.000Z' };
  const opened = await open(id, { day });
  assert.deepEqual((await read(opened)).match(/2024-\S+/g), ['2024-02-29T00:00:00', '2024-02-29T23:59:59']);
  await opened.verify(2);
  const dates = await stand.addDataset({
    name: 'Dates',
    columns: [{ name: 'on', type: 'DATE' }],
    rows: [['2024-02-28'], ['2024-02-29'], ['2024-03-01']],
  });
  for (const from of [
    '2024-02-28T23:00:00Z',
    '2024-02-28T11:00:00Z',
    '2024-02-29T00:00:00Z',
    '2024-02-29T10:00:00Z',
  ]) {
    const to = new Date(Date.parse(from) + 86_400_000).toISOString();
    assert.equal(
      await read(await open(dates.id, { day: { column: 'on', from, to } })),
      'on\n2024-02-29\n',
      from,
    );
  }
  await assert.rejects(open(id, { day: { ...day, column: 'name' } }), {
    name: 'UserError',
    code: 'domo-not-a-date',
  });
  await assert.rejects(open(id, { day: { ...day, column: '_BATCH_LAST_RUN_' } }), {
    code: 'domo-no-such-column',
  });
});
