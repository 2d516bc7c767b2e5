import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createRegistry } from '../connector/registry.ts';
import { folderConnector } from '../destination/folder/folder.ts';
import { s3UnloadConnector } from '../destination/s3-unload/s3-unload.ts';
import { createEgress } from '../egress/egress.ts';
import { createLog } from '../log.ts';
import { type RowsToMove, moveRows } from './move-rows.ts';
import { startDomo } from '../../test/servers/domo-stand-in.ts';
import { checkWriteback } from './writeback.ts';

const registry = createRegistry([folderConnector, s3UnloadConnector]);
let folder = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'writeback-run-'));
  await writeFile(join(folder, 'days.csv'), 'id,at\n1,2026-03-01T10:00:00\n2,2026-03-02T10:00:00\n');
});
after(() => rm(folder, { recursive: true }));

/** Runs a writeback of two rows, one a day. */
function move(value: object, work: Partial<RowsToMove> = {}) {
  const source = { kind: 'local', path: join(folder, 'days.csv') };
  const writeback = checkWriteback({ name: 'Days', source, ...value }, registry);
  const shared = { registry, egress: createEgress(), log: createLog(() => {}) };
  const run = { number: 1, startedAt: new Date('2026-03-02T12:00:00Z') };
  return moveRows({ writeback, run, ...shared, signal: new AbortController().signal, ...work });
}

const s3 = {
  connector: 's3-unload',
  credentials: { accessKey: 'AKTEST', secretKey: 'sk-test', bucket: 'exports', region: 'eu-central-1' },
};

test('an export that only Domo can do by itself is refused for another source, with its field', async () => {
  const delegated = { ...s3, details: { delegatedExport: true } };
  await assert.rejects(move(delegated), {
    name: 'UserError',
    code: 'delegated-export-source',
    field: 'details.delegatedExport',
    message: /Domo write .* but the source is not Domo/,
  });
});

test('a delegated export of a query is refused: Domo would export the whole DataSet', async () => {
  const datasetId = '845305d8-da3d-4107-a9d6-13ef3f86d4a4';
  const source = {
    kind: 'domo',
    clientId: 'id',
    clientSecret: 'secret',
    datasetId,
    query: 'select 1 from tbl',
  };
  await assert.rejects(move({ ...s3, source, details: { delegatedExport: true } }), {
    name: 'UserError',
    code: 'delegated-export-query',
    field: 'details.delegatedExport',
  });
});

test('the rows to come are told only when the whole DataSet comes', async () => {
  const stand = await startDomo();
  const { id } = await stand.addDataset({
    name: 'Days',
    columns: [
      { name: 'id', type: 'LONG' },
      { name: 'at', type: 'DATETIME' },
    ],
    rows: [
      ['1', '2026-03-01T10:00:00'],
      ['2', '2026-03-02T10:00:00'],
    ],
  });
  const told = async (more: object) => {
    const source = { kind: 'domo', ...stand.account, datasetId: id, ...more };
    let expected: number | undefined = -1;
    const started: RowsToMove['started'] = (_dataset, _run, rows) => void (expected = rows);
    const receipt = await move({ source, connector: 'folder', credentials: { folder } }, { started });
    return { expected, read: receipt.rowsRead };
  };
  try {
    assert.deepEqual(await told({}), { expected: 2, read: 2 });
    const query = 'select * from tbl where id = 2';
    assert.deepEqual(await told({ query }), { expected: undefined, read: 1 });
  } finally {
    await stand.stop();
  }
});
