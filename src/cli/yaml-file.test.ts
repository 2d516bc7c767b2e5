import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createRegistry } from '../connector/registry.ts';
import { dataWorldConnector } from '../destination/data-world/data-world.ts';
import { folderConnector } from '../destination/folder/folder.ts';
import type { Writeback } from '../run/writeback.ts';
import { loadWriteback } from './yaml-file.ts';

const registry = createRegistry([folderConnector, dataWorldConnector]);

/** What was loaded, and what the log hides from then on. */
async function load(path: string): Promise<{ writeback: Writeback; hidden: string[] }> {
  const hidden: string[] = [];
  const log = { hide: (secret: string) => void hidden.push(secret) };
  return { writeback: await loadWriteback(path, { registry, log }), hidden };
}

async function withFile<T>(text: string, use: (path: string, folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'writeback-yaml-'));
  try {
    const path = join(folder, 'orders.yaml');
    await writeFile(path, text);
    return await use(path, folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

const base = `name: Orders
source: { kind: local, path: orders.csv }
connector: folder
credentials:
  folder: /tmp
`;

test('the path of a local source lies beside the YAML file', () =>
  withFile(base, async (path, folder) => {
    const { writeback } = await load(path);
    assert.equal(writeback.source.values['path' as never], join(folder, 'orders.csv'));
  }));

test('a mistake is told with its line', () =>
  withFile(`${base}details:\n  fileName: x\n  compresion: gzip\n`, async (path) => {
    await assert.rejects(load(path), (error: Error) => {
      assert.ok(error.message.startsWith(`${path}:8: details.compresion:`), error.message);
      return true;
    });
  }));

test('a missing field is told with the line of its pane', () =>
  withFile(base.replace('  folder: /tmp', '  {}'), async (path) => {
    await assert.rejects(load(path), {
      message: /:4: credentials\.folder:/,
      code: 'field-missing',
    });
  }));

test('what is not YAML is told with its line', () =>
  withFile('name: "Orders\nsource: x', async (path) => {
    await assert.rejects(load(path), { message: /orders\.yaml:\d+: this is not YAML/ });
  }));

const world = `name: Orders
source: { kind: local, path: orders.csv }
connector: data-world
credentials: { apiToken: TOKEN }
details: { selectDataWorldDatasetMethod: enterDatasetId, dataWorldDatasetId: me/sales, selectFileNameMethod: enterFileName, fileName: orders }
`;

test('a secret comes from the environment, and is hidden', () => {
  process.env['WRITEBACK_TEST_TOKEN'] = 'from-the-environment';
  return withFile(world.replace('TOKEN', '"${WRITEBACK_TEST_TOKEN}"'), async (path) => {
    const { writeback, hidden } = await load(path);
    assert.equal(writeback.credentials['apiToken'], 'from-the-environment');
    assert.deepEqual(hidden, ['from-the-environment']);
  }).finally(() => delete process.env['WRITEBACK_TEST_TOKEN']);
});

test('a secret comes from a file beside the YAML file, without its last line end', () =>
  withFile(world.replace('TOKEN', '{ file: token.txt }'), async (path, folder) => {
    await writeFile(join(folder, 'token.txt'), 'from-a-file\n');
    const { writeback, hidden } = await load(path);
    assert.equal(writeback.credentials['apiToken'], 'from-a-file');
    assert.deepEqual(hidden, ['from-a-file']);
  }));

test('a value that is no secret is not hidden, wherever it comes from', () => {
  process.env['WRITEBACK_TEST_FOLDER'] = '/srv/out';
  return withFile(base.replace('/tmp', '"${WRITEBACK_TEST_FOLDER}"'), async (path, folder) => {
    await writeFile(join(folder, 'name.txt'), 'orders');
    await writeFile(path, `${await readFile(path, 'utf8')}details: { fileName: { file: name.txt } }\n`);
    const { writeback, hidden } = await load(path);
    assert.equal(writeback.credentials['folder'], '/srv/out');
    assert.equal(writeback.details['fileName'], 'orders');
    assert.deepEqual(hidden, []);
  }).finally(() => delete process.env['WRITEBACK_TEST_FOLDER']);
});

test('the secrets of the source and of the connector are hidden', () => {
  process.env['WRITEBACK_TEST_SECRET'] = 'domo-secret';
  process.env['WRITEBACK_TEST_TOKEN'] = 'world-token';
  const id = '845305d8-da3d-4107-a9d6-13ef3f86d4a4';
  const domo = `{ kind: domo, clientId: me, clientSecret: "\${WRITEBACK_TEST_SECRET}", datasetId: ${id} }`;
  const text = world
    .replace('{ kind: local, path: orders.csv }', domo)
    .replace('TOKEN', '"${WRITEBACK_TEST_TOKEN}"');
  return withFile(text, async (path) => {
    assert.deepEqual((await load(path)).hidden, ['domo-secret', 'world-token']);
  }).finally(() => {
    delete process.env['WRITEBACK_TEST_SECRET'];
    delete process.env['WRITEBACK_TEST_TOKEN'];
  });
});

test('a secret typed in plain text is refused without being shown', () =>
  withFile(world.replace('TOKEN', 'my-own-token'), async (path) => {
    await assert.rejects(load(path), (error: Error & { code: string }) => {
      assert.equal(error.code, 'writeback-secret-typed');
      assert.doesNotMatch(error.message, /my-own-token/);
      return true;
    });
  }));

test('a variable that is not set is told with its name and line', () =>
  withFile(world.replace('TOKEN', '"${WRITEBACK_TEST_ABSENT}"'), async (path) => {
    await assert.rejects(load(path), {
      message: /:4: credentials\.apiToken: .*WRITEBACK_TEST_ABSENT/,
    });
  }));
