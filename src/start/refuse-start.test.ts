import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmod, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { dataFolder, storePlaces } from '../../test/servers/store-places.ts';
import { typed } from '../../test/servers/started-service.ts';

describe('what cannot start says why', { timeout: 600_000 }, () => {
  async function refused(environment: Readonly<Record<string, string>>, words = ['start']) {
    const { code, err, lines } = await typed(words, { WRITEBACK_DATA: '/nowhere/at/all', ...environment });
    assert.deepEqual(lines, []);
    return { code, err };
  }

  test('a database that is down may come back: exit code 3', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    taken.close();
    const DATABASE_URL = `postgres://me:secretsecret@127.0.0.1:${port}/db`;
    const { code, err } = await refused({ DATABASE_URL, WRITEBACK_DATA: await dataFolder() });
    assert.equal(code, 3);
    assert.match(err, /The database cannot be reached: .*\n.*DATABASE_URL.*\n\(store-unreachable\)\n$/);
    assert.doesNotMatch(err, /secretsecret/);
  });

  test('settings that cannot be', async () => {
    const mistakes: [Readonly<Record<string, string>>, RegExp][] = [
      [{ WRITEBACK_ROLE: 'api,cook' }, /no role "cook".*\n.*api, scheduler, worker/],
      [{ WRITEBACK_PORT: '80a' }, /WRITEBACK_PORT must be a whole number from 0 to 65535, not "80a"/],
      [{ WRITEBACK_EGRESS_ALLOW: '127.1' }, /"127\.1" is neither a range of addresses nor a name/],
      [{ WRITEBACK_PROXIES: 'proxy.internal' }, /"proxy\.internal" in WRITEBACK_PROXIES is no address/],
      [{ WRITEBACK_PASSWORDS: '0' }, /would let nobody in.*\n.*WRITEBACK_OIDC_ISSUER/],
      [
        { DATABASE_URL_FILE: '/nowhere/url' },
        /\/nowhere\/url, which DATABASE_URL_FILE names, cannot be read/,
      ],
    ];
    for (const [environment, sentence] of mistakes) {
      const { code, err } = await refused(environment);
      assert.equal(code, 2, err);
      assert.match(err, sentence);
    }
  });

  test('a key file that others may read', async () => {
    const data = await dataFolder();
    const { databaseUrl = '' } = await storePlaces['own PostgreSQL']!();
    await writeFile(join(data, 'master-key'), `${randomBytes(32).toString('base64')}\n`);
    await chmod(join(data, 'master-key'), 0o644);
    const { code, err } = await refused({ DATABASE_URL: databaseUrl, WRITEBACK_DATA: data });
    assert.equal(code, 2);
    assert.match(err, /Other users of this machine may read the master key/);
  });

  test('a port that another program has', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    const { databaseUrl = '' } = await storePlaces['own PostgreSQL']!();
    const place = { DATABASE_URL: databaseUrl, WRITEBACK_DATA: await dataFolder() };
    const { code, err } = await refused({ ...place, WRITEBACK_PORT: String(port) });
    taken.close();
    assert.equal(code, 2);
    assert.match(err, new RegExp(`127\\.0\\.0\\.1, port ${port}, is taken by another program`));
  });
});
