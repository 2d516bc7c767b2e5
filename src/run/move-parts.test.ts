import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { canonicalRows } from '../../test/servers/canonical-rows.ts';
import { startDomo } from '../../test/servers/domo-stand-in.ts';
import { startS3 } from '../../test/servers/s3-stand-in.ts';
import { createRegistry } from '../connector/registry.ts';
import type { Column } from '../dataset/dataset.ts';
import { s3UnloadConnector } from '../destination/s3-unload/s3-unload.ts';
import { createEgress } from '../egress/egress.ts';
import { createLog } from '../log.ts';
import { moveRows } from './move-rows.ts';
import { checkWriteback } from './writeback.ts';

const registry = createRegistry([s3UnloadConnector]);
const stand = await startDomo();
const server = await startS3();
after(async () => {
  await stand.stop();
  await server.stop();
});

const columns: readonly Column[] = [
  { name: 'id', type: 'LONG' },
  { name: 'at', type: 'DATETIME' },
  { name: 'name', type: 'STRING' },
];
const count = 1_000;
/** Every 40 minutes of UTC, from the 20th of March; some keys are missing, and two names are not western. */
const row = (index: number) => [
  index % 97 === 5 ? null : `${(index * 7) % count}`,
  new Date(Date.UTC(2026, 2, 20) + index * 2_400_000).toISOString().slice(0, 19),
  index === 1 || index === 999 ? `名 ${index}` : `name ${index}`,
];
const expected = Array.from({ length: count }, (_, index) => row(index));
const sorted = (rows: readonly (readonly unknown[])[]) =>
  rows.map((cells) => JSON.stringify(cells)).toSorted();

/** Moves a DataSet of Domo into the bucket, under a path of its own; answers with what a reader finds there. */
async function unload(
  path: string,
  datasetId: string,
  more: { details?: object; timeZone?: string; query?: string } = {},
) {
  const { endpoint, accessKey, secretKey, bucket, region } = server;
  const value = {
    name: 'Sales',
    connector: 's3-unload',
    ...(more.timeZone && { timeZone: more.timeZone }),
    source: { kind: 'domo', ...stand.account, datasetId, ...(more.query && { query: more.query }) },
    credentials: { accessKey, secretKey, bucket, region, endpoint, pathStyle: true },
    details: { path, fileName: 'rows', ...more.details },
  };
  const receipt = await moveRows({
    writeback: checkWriteback(value, registry),
    registry,
    run: { number: 1, startedAt: new Date('2026-03-31T01:00:00Z') },
    egress: createEgress(),
    log: createLog(() => {}),
    signal: new AbortController().signal,
  });
  return { receipt, files: filesUnder(path) };
}

/** Rows of each file by its key. */
function filesUnder(path: string) {
  const found = [...server.objects()].filter(([key]) => key.startsWith(`${path}/`) && key.endsWith('.csv'));
  const inOrder = found.toSorted(([a], [b]) => (a < b ? -1 : 1));
  return new Map(inOrder.map(([key, { bytes }]) => [key, canonicalRows(bytes)]));
}

const generated = (rows = count) =>
  stand.addDataset({ name: 'Sales', columns, generate: { count: rows, row } });

test('the parts by Primary Key hold every row once, each part its own range of keys', async () => {
  const { id } = await generated();
  const details = { primaryKey: 'id', parts: 4, manifest: true };
  const { receipt, files } = await unload('parts', id, { details });
  assert.deepEqual(
    [...files.keys()],
    [1, 2, 3, 4].map((part) => `parts/rows_0000${part}.csv`),
  );
  assert.deepEqual(sorted([...files.values()].flat()), sorted(expected));
  const keysOf = (rows: ReturnType<typeof canonicalRows>) =>
    rows.flatMap(([key]) => (key === null ? [] : [Number(key)]));
  const ranges = [...files.values()].map(keysOf);
  for (const keys of ranges)
    assert.deepEqual(
      keys,
      keys.toSorted((a, b) => a - b),
    );
  for (const [index, keys] of ranges.entries()) {
    assert.ok((ranges[index + 1]?.[0] ?? Infinity) > keys.at(-1)!, 'no key lies in two parts');
    assert.ok(keys.length > count / 5, 'the parts are about equal');
  }
  assert.equal(receipt.rowsWritten, count);
  assert.equal(receipt.files.length, 5);
  const manifest = JSON.parse(String(server.objects().get('parts/rows.manifest.json')?.bytes)) as object;
  assert.deepEqual(
    { ...manifest, dataset: 0, run: 0, files: 0 },
    { dataset: 0, run: 0, rows: count, files: 0 },
  );
});

test('parts that together are not what Domo states are not published', async () => {
  const csv = () => [Buffer.from('id,at,name\n1,,a\n2,,b\n3,,c\n4,,d\n')];
  const { id } = await stand.addDataset({ name: 'Short', columns, csv, rowCount: 5 });
  await assert.rejects(unload('short', id, { details: { primaryKey: 'id', parts: 2 } }), {
    name: 'TemporaryError',
    code: 'domo-short-export',
    message: /states 5 rows before and 5 after the export, but its 2 parts have 4 together/,
  });
  assert.equal(filesUnder('short').size, 0);
  assert.deepEqual(server.uploads(), []);
});

test('the limit of rejected rows is the run’s, not each part’s', async () => {
  const { id } = await generated();
  const details = { primaryKey: 'id', parts: 4, encoding: 'windows1252', rejectedRowsLimit: 1 };
  await assert.rejects(unload('rejected', id, { details }), {
    name: 'UserError',
    code: 'too-many-rejected-rows',
    message: /More than 1 rows/,
  });
  assert.equal(filesUnder('rejected').size, 0);
  const { receipt } = await unload('rejected', id, { details: { ...details, rejectedRowsLimit: 2 } });
  assert.deepEqual([receipt.rowsRejected, receipt.rowsWritten], [2, count - 2]);
});

test('a part that is already there does not hold the others up', async () => {
  const { id } = await generated();
  const details = { primaryKey: 'id', parts: 4, skipWhenUnchanged: true };
  await unload('again', id, { details });
  (server.objects() as Map<string, unknown>).delete('again/rows_00003.csv');
  assert.equal(filesUnder('again').size, 3);
  const { receipt, files } = await unload('again', id, { details });
  assert.deepEqual(sorted([...files.values()].flat()), sorted(expected));
  assert.match(receipt.warnings.join(), /has not changed/);
});

test('Specific Day moves the rows of that day in the writeback’s time zone, also in parts', async () => {
  const { id } = await generated();
  const details = { specificDay: 1, dateColumn: 'at' };
  const timeZone = 'Europe/Berlin';
  // The run's time is 03:00 of the 31st in Berlin, where the day before is all summer time.
  const wanted = expected.filter(([, at]) => at! >= '2026-03-29T22:00:00' && at! < '2026-03-30T22:00:00');
  assert.equal(wanted.length, 36);
  const one = await unload('day', id, { details, timeZone });
  assert.deepEqual(sorted([...one.files.values()].flat()), sorted(wanted));
  const parts = await unload('day-parts', id, {
    details: { ...details, primaryKey: 'id', parts: 3 },
    timeZone,
  });
  assert.equal(parts.files.size, 3);
  assert.deepEqual(sorted([...parts.files.values()].flat()), sorted(wanted));
});

test('the metrics begin when the work began, not at the run’s time', async () => {
  const { id } = await generated(10);
  const before = Date.now();
  const { receipt } = await unload('metrics', id);
  assert.ok(Number(receipt.metrics?.['started']) >= before, String(receipt.metrics?.['started']));
  assert.equal(receipt.metrics?.['started'], Date.parse(receipt.startedAt));
});

test('an unchanged DataSet is sent once, but another query is never taken for it', async () => {
  const { id } = await generated(10);
  const details = { skipWhenUnchanged: true };
  const sent = async (more: { query?: string }) => {
    const { receipt, files } = await unload('skip', id, { details, ...more });
    return [receipt.warnings.length, [...files.values()].flat().length];
  };
  assert.deepEqual(await sent({}), [0, 10]);
  assert.deepEqual(await sent({}), [1, 10]);
  assert.deepEqual(await sent({ query: 'select * from tbl limit 3' }), [0, 3]);
  assert.deepEqual(await sent({ query: 'select * from tbl limit 4' }), [0, 4]);
});
