import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { dataFolder, storePlaces } from '../../test/servers/store-places.ts';
import {
  answers,
  ownConfiguration,
  startService,
  typed,
  yamlFolder,
} from '../../test/servers/started-service.ts';

describe('services that share a PostgreSQL', { timeout: 600_000 }, async () => {
  const config = await ownConfiguration();
  const { databaseUrl = '' } = await storePlaces['own PostgreSQL']!();
  const { yaml, out } = await yamlFolder();
  const shared = {
    DATABASE_URL: databaseUrl,
    WRITEBACK_MASTER_KEYS: randomBytes(32).toString('base64'),
    WRITEBACK_DATA: await dataFolder(),
    WRITEBACK_PORT: '0',
    ...config,
  };

  test('one serves, another schedules and a third works; the one that works may be replaced', async () => {
    const api = await startService({ ...shared, WRITEBACK_ROLE: 'api' });
    const first = await startService({ ...shared, WRITEBACK_ROLE: 'scheduler,worker' });
    const second = await startService({ ...shared, WRITEBACK_ROLE: 'scheduler, worker' });
    assert.deepEqual([first.url, api.url.startsWith('http://127.0.0.1:')], ['', true]);
    assert.equal((await typed(['setup'], config, answers(api.setupUrl!))).code, 0);
    assert.equal((await typed(['apply', yaml], config)).code, 0);
    assert.equal(await first.end('SIGKILL'), null);
    const { code, lines } = await typed(['run', 'People', '--follow'], config);
    assert.deepEqual([code, lines.at(-1)?.['rowsWritten']], [0, 3]);
    assert.deepEqual(await readdir(out), ['people.csv']);
    assert.deepEqual([await second.end('SIGTERM'), await api.end('SIGTERM')], [0, 0]);
  });

  test('an embedded database moves to a PostgreSQL, and its runs with it', async () => {
    const [data, target] = [await dataFolder(), (await storePlaces['own PostgreSQL']!()).databaseUrl!];
    const own = { WRITEBACK_DATA: data, WRITEBACK_PORT: '0', ...(await ownConfiguration()) };
    const before = await startService(own);
    assert.equal((await typed(['setup'], own, answers(before.setupUrl!))).code, 0);
    assert.equal((await typed(['apply', yaml], own)).code, 0);
    assert.equal((await typed(['run', 'People', '--follow'], own)).code, 0);
    assert.equal(await before.end('SIGTERM'), 0);
    assert.equal((await typed(['db', 'move'], own)).code, 2, 'where to is not said');
    const moved = { ...own, DATABASE_URL: target };
    assert.equal((await typed(['db', 'move'], moved)).code, 0);
    const after = await startService({ ...moved, WRITEBACK_PORT: new URL(before.url).port });
    assert.deepEqual(
      (await typed(['runs'], own)).lines.map(({ state }) => state),
      ['succeeded'],
    );
    assert.equal((await typed(['run', 'People', '--follow'], own)).code, 0);
    assert.equal(await after.end('SIGTERM'), 0);
  });

  test('a process with another master key does not start', async () => {
    const other = { ...shared, WRITEBACK_MASTER_KEYS: randomBytes(32).toString('base64') };
    const { code, err } = await typed(['start'], other);
    assert.equal(code, 2);
    assert.match(err, /sealed with the master key [0-9a-f]{16}, which this process does not have/);
  });
});
