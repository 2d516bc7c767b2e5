import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdir, readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { dataFolder, storePlaces } from '../../test/servers/store-places.ts';
import { ownConfiguration, startService, typed } from '../../test/servers/started-service.ts';

const password = 'correct horse battery staple';
const mine = await ownConfiguration();

/** The answers that `writeback setup` asks for. */
const answers = (link: string) => `${link}\nAda\nada@example.com\n${password}\n${password}\n`;

/** A folder with a writeback of three rows to a folder, as it stands in git. */
async function yamlFolder(): Promise<{ yaml: string; out: string }> {
  const folder = await dataFolder();
  const [yaml, out] = [join(folder, 'yaml'), join(folder, 'out')];
  await mkdir(yaml);
  await writeFile(join(yaml, 'people.csv'), 'id,name\n1,Ada\n2,Bob\n3,名\n');
  const lines = [
    'name: People',
    'source: { kind: local, path: people.csv }',
    'connector: folder',
    `credentials: { folder: ${out} }`,
    'details: { fileName: people }',
    'schedule: { every: day, at: "06:00", timeZone: Europe/Berlin }',
  ];
  await writeFile(join(yaml, 'people.yaml'), lines.join('\n'));
  return { yaml, out };
}

/** True when something listens there. */
async function listens(host: string, url: string): Promise<boolean> {
  const socket = connect(Number(new URL(url).port), host);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

async function until(question: () => Promise<boolean>): Promise<void> {
  while (!(await question())) await sleep(50);
}

describe('a service with a database of its own', { timeout: 180_000 }, async () => {
  const [data, { yaml, out }] = [await dataFolder(), await yamlFolder()];
  // All of 127.0.0.0/8 is this machine, so 127.0.0.2 stands for the network.
  const service = { WRITEBACK_DATA: data, WRITEBACK_PORT: '0', WRITEBACK_HOST: '127.0.0.2', ...mine };
  let { url, setupUrl, end } = await startService({ ...service, WRITEBACK_HOST: '0.0.0.0' });
  const write = (...words: string[]) => typed(words, mine);

  test('listens on this machine alone, and to its network as soon as there is an administrator', async () => {
    assert.match(url, /^http:\/\/127\.0\.0\.1:\d+$/);
    assert.deepEqual([await listens('127.0.0.1', url), await listens('127.0.0.2', url)], [true, false]);
    const { code, err, lines } = await typed(['setup'], mine, answers(setupUrl!));
    assert.deepEqual([code, err, lines[0]], [0, '', { event: 'signed-in', url, name: 'Ada' }]);
    await until(() => listens('127.0.0.2', url));
    assert.equal((await write('whoami')).lines[0]?.['email'], 'ada@example.com');
  });

  test('the link works once', async () => {
    const again = await typed(['setup'], mine, answers(setupUrl!));
    assert.deepEqual([again.code, again.lines], [2, []]);
    assert.match(again.err, /not, or no longer, the one that sets this server up/);
  });

  test('the key of the command line is nobody else’s to read', async () => {
    const file = join(mine['XDG_CONFIG_HOME']!, 'writeback/server.json');
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    assert.equal((await stat(join(data, 'master-key'))).mode & 0o777, 0o600);
  });

  test('what lies in git is planned, applied, and then as it should be', async () => {
    const steps = (lines: Record<string, unknown>[]) =>
      lines.filter(({ event }) => event === 'step').map(({ action, kind, name }) => [action, kind, name]);
    const wanted = [
      ['create', 'dataset', 'people.csv'],
      ['create', 'account', 'People'],
      ['create', 'writeback', 'People'],
    ];
    assert.deepEqual(steps((await write('apply', yaml, '--plan')).lines), wanted);
    assert.deepEqual((await write('writebacks')).lines, []);
    assert.deepEqual(steps((await write('apply', yaml)).lines), wanted);
    assert.deepEqual(steps((await write('apply', yaml)).lines), []);
    const [saved] = (await write('writebacks')).lines;
    assert.deepEqual([saved?.['name'], typeof saved?.['nextRun']], ['People', 'string']);
  });

  test('a saved writeback runs, and is followed to its end', async () => {
    const { code, lines } = await write('run', 'People', '--follow');
    const run = lines.at(-1);
    assert.deepEqual([code, run?.['state'], run?.['rowsWritten']], [0, 'succeeded', 3]);
    assert.equal(await readFile(join(out, 'people.csv'), 'utf8'), 'id,name\n1,Ada\n2,Bob\n3,名\n');
    assert.ok(lines.some(({ message }) => message === 'The run succeeded.'));
  });

  test('after kill -9 all is still there, in the database that went on without it', async () => {
    assert.equal(await end('SIGKILL'), null);
    ({ url, setupUrl, end } = await startService(service));
    assert.equal(setupUrl, undefined);
    assert.match(url, /^http:\/\/127\.0\.0\.2:/);
    const { code, lines } = await write('runs', 'People', '--url', url);
    assert.deepEqual([code, lines], [2, []], 'a kept key is not sent to another server');
    const { apiKey = '' } = JSON.parse(
      await readFile(join(mine['XDG_CONFIG_HOME']!, 'writeback/server.json'), 'utf8'),
    ) as { apiKey?: string };
    const told = { ...mine, WRITEBACK_URL: url, WRITEBACK_API_KEY: apiKey };
    const { lines: runs } = await typed(['runs', 'People'], told);
    assert.deepEqual(
      runs.map(({ state, rowsWritten }) => [state, rowsWritten]),
      [['succeeded', 3]],
    );
    assert.equal((await typed(['run', 'People', '--follow'], told)).code, 0);
    const { lines: people } = await typed(['sign-in', '--url', url], mine, `ada@example.com\n${password}\n`);
    assert.equal(people[0]?.['name'], 'Ada');
  });

  test('what is exported can be applied, and what leaves git is pruned', async () => {
    const folder = join(yaml, '../exported');
    assert.equal((await write('export', folder)).code, 0);
    assert.deepEqual((await readdir(folder)).toSorted(), ['accounts', 'writebacks']);
    const { code, lines } = await write('apply', folder);
    assert.deepEqual([code, lines], [0, [{ event: 'applied', steps: 0, plan: false }]]);
    await writeFile(
      join(folder, 'writebacks/people.yaml'),
      (await readFile(join(folder, 'writebacks/people.yaml'), 'utf8')).replace('06:00', '07:00'),
    );
    const [changed] = (await write('apply', folder)).lines;
    const change = { path: 'schedule.at', before: '06:00', after: '07:00' };
    assert.deepEqual([changed?.['action'], changed?.['changes']], ['change', [change]]);
    await writeFile(
      join(folder, 'writebacks/people.yaml'),
      'account: Kept\nconnector: folder\ncredentials: { folder: /tmp }\n',
    );
    const pruned = (await write('apply', folder, '--prune')).lines.map(({ action, name }) => [action, name]);
    assert.deepEqual(pruned.slice(0, -1), [
      ['create', 'Kept'],
      ['delete', 'People'],
    ]);
    assert.deepEqual((await write('writebacks')).lines, []);
  });

  test('a name that nobody knows is told before anything is done', async () => {
    const file = join(yaml, '../lost.yaml');
    await writeFile(
      file,
      'name: Lost\nsource: { kind: local, dataset: none.csv }\nconnector: folder\naccount: Kept\n',
    );
    const { code, err, lines } = await write('apply', file);
    assert.deepEqual([code, lines], [2, []]);
    assert.match(err, /"Lost" refers to the DataSet "none\.csv", which there is not/);
  });

  test('keys are made, rotated and dropped, and never shown', async () => {
    const local = (...words: string[]) => typed(words, { ...mine, WRITEBACK_DATA: data });
    const [before] = (await local('keys')).lines;
    const [made] = (await local('keys', 'new')).lines;
    assert.equal((await local('keys', 'drop')).code, 2, 'secrets are sealed with the old one still');
    assert.equal(await end('SIGTERM'), 0);
    ({ url, end } = await startService({ ...service, WRITEBACK_PORT: new URL(url).port }));
    assert.equal((await write('keys', 'rotate')).code, 0);
    assert.equal((await local('keys', 'drop')).code, 0);
    const { lines } = await local('keys');
    assert.deepEqual(lines, [{ event: 'key', id: made?.['id'], current: true, needed: true }]);
    assert.notEqual(before?.['id'], made?.['id']);
  });

  test('a dump is taken meanwhile and restored elsewhere', async () => {
    const file = join(yaml, '../dump.jsonl');
    assert.equal((await typed(['db', 'dump', file], { WRITEBACK_DATA: data })).code, 0);
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    const elsewhere = { WRITEBACK_DATA: await dataFolder() };
    const { code, lines } = await typed(['db', 'restore', file], elsewhere);
    const { person } = (lines[0]?.['rows'] ?? {}) as { person?: number };
    assert.deepEqual([code, person], [0, 1]);
    assert.equal((await typed(['db', 'restore', file], elsewhere)).code, 2);
  });

  test('SIGTERM ends it by itself, with its database', async () => {
    assert.equal(await end('SIGTERM'), 0);
    assert.equal(await listens('127.0.0.2', url), false);
    await assert.rejects(stat(join(data, 'postgres/data/postmaster.pid')), { code: 'ENOENT' });
  });
});

describe('services that share a PostgreSQL', { timeout: 180_000 }, async () => {
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

  test('a process with another master key does not start', async () => {
    const other = { ...shared, WRITEBACK_MASTER_KEYS: randomBytes(32).toString('base64') };
    const { code, err } = await typed(['start'], other);
    assert.equal(code, 2);
    assert.match(err, /sealed with the master key [0-9a-f]{16}, which this process does not have/);
  });
});

describe('what cannot start says why', { timeout: 120_000 }, () => {
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
