import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createRegistry } from '../connector/registry.ts';
import { dataWorldConnector } from '../destination/data-world/data-world.ts';
import { folderConnector } from '../destination/folder/folder.ts';
import { loadWriteback } from './yaml-file.ts';

const registry = createRegistry([folderConnector, dataWorldConnector]);

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
    const { writeback } = await loadWriteback(path, registry);
    assert.equal(writeback.source.values['path' as never], join(folder, 'orders.csv'));
  }));

test('a mistake is told with its line', () =>
  withFile(`${base}details:\n  fileName: x\n  compresion: gzip\n`, async (path) => {
    await assert.rejects(loadWriteback(path, registry), (error: Error) => {
      assert.ok(error.message.startsWith(`${path}:8: details.compresion:`), error.message);
      return true;
    });
  }));

test('a missing field is told with the line of its pane', () =>
  withFile(base.replace('  folder: /tmp', '  {}'), async (path) => {
    await assert.rejects(loadWriteback(path, registry), {
      message: /:4: credentials\.folder:/,
      code: 'field-missing',
    });
  }));

test('what is not YAML is told with its line', () =>
  withFile('name: "Orders\nsource: x', async (path) => {
    await assert.rejects(loadWriteback(path, registry), { message: /orders\.yaml:\d+: this is not YAML/ });
  }));

const world = `name: Orders
source: { kind: local, path: orders.csv }
connector: data-world
credentials: { apiToken: TOKEN }
details: { selectDataWorldDatasetMethod: enterDatasetId, dataWorldDatasetId: me/sales, selectFileNameMethod: enterFileName, fileName: orders }
`;

test('a secret comes from the environment, and counts as secret', () => {
  process.env['WRITEBACK_TEST_TOKEN'] = 'from-the-environment';
  return withFile(world.replace('TOKEN', '"${WRITEBACK_TEST_TOKEN}"'), async (path) => {
    const { writeback, secrets } = await loadWriteback(path, registry);
    assert.equal(writeback.credentials['apiToken'], 'from-the-environment');
    assert.deepEqual(secrets, ['from-the-environment']);
  }).finally(() => delete process.env['WRITEBACK_TEST_TOKEN']);
});

test('a secret comes from a file beside the YAML file, without its last line end', () =>
  withFile(world.replace('TOKEN', '{ file: token.txt }'), async (path, folder) => {
    await writeFile(join(folder, 'token.txt'), 'from-a-file\n');
    const { writeback, secrets } = await loadWriteback(path, registry);
    assert.equal(writeback.credentials['apiToken'], 'from-a-file');
    assert.deepEqual(secrets, ['from-a-file']);
  }));

test('a secret typed in plain text is refused without being shown', () =>
  withFile(world.replace('TOKEN', 'my-own-token'), async (path) => {
    await assert.rejects(loadWriteback(path, registry), (error: Error & { code: string }) => {
      assert.equal(error.code, 'writeback-secret-typed');
      assert.doesNotMatch(error.message, /my-own-token/);
      return true;
    });
  }));

test('a variable that is not set is told with its name and line', () =>
  withFile(world.replace('TOKEN', '"${WRITEBACK_TEST_ABSENT}"'), async (path) => {
    await assert.rejects(loadWriteback(path, registry), {
      message: /:4: credentials\.apiToken: .*WRITEBACK_TEST_ABSENT/,
    });
  }));
