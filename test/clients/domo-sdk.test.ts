import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { columns, csv, rows } from '../servers/domo-rig.ts';
import { startDomo } from '../servers/domo-stand-in.ts';
import { makeTls } from '../servers/tls.ts';

const require = createRequire(import.meta.url);

// The client speaks https only, and Node reads NODE_EXTRA_CA_CERTS at its start: hence a process of its own.
const program = `
  const [sdk, host, id, secret, dataset] = process.argv.slice(1);
  const { DomoClient } = require(sdk);
  const { API_SCOPE } = require(sdk.replace('index.js', 'common/Constants.js'));
  const domo = new DomoClient(id, secret, [API_SCOPE.USER, API_SCOPE.DATA], host);
  (async () => {
    const list = await domo.datasets.list(50, 0);
    const described = await domo.datasets.get(dataset);
    const exported = await domo.datasets.exportData(dataset, true);
    const body = { sql: 'SELECT id, name FROM table ORDER BY id' };
    const answer = await domo.datasets.transport.post({ url: '/v1/datasets/query/execute/' + dataset, body }, 'Query');
    console.log(JSON.stringify({ list, described, exported, answer }));
  })();
`;

interface Seen {
  readonly list: readonly { readonly name: string; readonly rows: number }[];
  readonly described: {
    readonly schema: { readonly columns: readonly unknown[] };
    readonly owner: { readonly id: number };
  };
  readonly exported: string;
  readonly answer: {
    readonly columns: readonly string[];
    readonly rows: readonly unknown[];
    readonly numRows: number;
  };
}

test('domo-sdk, a client that others wrote, lists, describes, exports and queries the stand-in', async () => {
  const tls = await makeTls();
  const stand = await startDomo({ tls });
  try {
    const { id } = await stand.addDataset({ name: 'Sales', columns, rows });
    const { clientId, clientSecret } = stand.account;
    const sdk = require.resolve('domo-sdk');
    const args = [
      '--no-deprecation',
      '-e',
      program,
      sdk,
      `localhost:${stand.port}`,
      clientId,
      clientSecret,
      id,
    ];
    const env = { ...process.env, NODE_EXTRA_CA_CERTS: tls.caFile };
    const { stdout } = await promisify(execFile)(process.execPath, args, { env, timeout: 15_000 });
    const { list, described, exported, answer } = JSON.parse(stdout) as Seen;
    assert.deepEqual(
      list.map(({ name, rows }) => [name, rows]),
      [['Sales', 4]],
    );
    assert.deepEqual(
      described.schema.columns,
      columns.map(({ name, type }) => ({ type, name })),
    );
    assert.equal(described.owner.id, stand.user.id);
    assert.equal(exported, csv);
    assert.deepEqual(answer.columns, ['id', 'name']);
    assert.deepEqual(answer.rows.slice(0, 3), [
      [1, 'plain'],
      [3, ''],
      [4, null],
    ]);
    assert.equal(answer.numRows, 4);
  } finally {
    await stand.stop();
    await tls.stop();
  }
});
