import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { dataFolder } from '../../test/servers/store-places.ts';
import {
  answers,
  ownConfiguration,
  password,
  startService,
  typed,
  yamlFolder,
} from '../../test/servers/started-service.ts';

const mine = await ownConfiguration();

const isOfNetwork = ({ family, internal }: NetworkInterfaceInfo) => family === 'IPv4' && !internal;

/** Whether a call over loopback is answered that comes from an address of this machine. */
async function serves(url: string, localAddress?: string): Promise<boolean> {
  const { port } = new URL(url);
  const asked = request({ host: '127.0.0.1', port, localAddress, path: '/healthz', agent: false }).end();
  try {
    const [answer] = (await once(asked, 'response')) as [IncomingMessage];
    answer.resume();
    return true;
  } catch {
    return false;
  }
}

async function until(question: () => Promise<boolean>): Promise<void> {
  while (!(await question())) await sleep(50);
}

describe('a service with a database of its own', { timeout: 600_000 }, async () => {
  const [data, { yaml, out }] = [await dataFolder(), await yamlFolder()];
  const service = { WRITEBACK_DATA: data, WRITEBACK_PORT: '0', WRITEBACK_HOST: '0.0.0.0', ...mine };
  let { url, setupUrl, end } = await startService(service);
  const write = (...words: string[]) => typed(words, mine);

  test('serves this machine alone, and its network as soon as there is an administrator', async () => {
    assert.match(url, /^http:\/\/0\.0\.0\.0:\d+$/);
    assert.match(setupUrl!, /^http:\/\/127\.0\.0\.1:\d+\/setup\?token=/);
    // What comes to loopback from the address of a network card is what nobody on this machine does unasked.
    const card = Object.values(networkInterfaces()).flatMap((all) => all?.filter(isOfNetwork) ?? [])[0];
    assert.deepEqual([await serves(url), card && (await serves(url, card.address))], [true, card && false]);
    const { code, err, lines } = await typed(['setup'], mine, answers(setupUrl!));
    const signedIn = { event: 'signed-in', url: new URL(setupUrl!).origin, name: 'Ada' };
    assert.deepEqual([code, err, lines[0]], [0, '', signedIn]);
    await until(() => serves(url, card?.address));
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
    const again = await write('retry', 'People', '--rejected');
    assert.deepEqual([again.code, again.lines], [2, []], 'it has rejected no row');
    assert.match(again.err, /The run has rejected no row\./);
  });

  test('after kill -9 all is still there, in the database that went on without it', async () => {
    assert.equal(await end('SIGKILL'), null);
    ({ url, setupUrl, end } = await startService(service));
    assert.equal(setupUrl, undefined);
    assert.match(url, /^http:\/\/0\.0\.0\.0:/);
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

  test('an alert channel is saved, tried, and named by a writeback', async () => {
    const address = 'http://127.0.0.1:9/t0ken-of-the-hook\n';
    const added = await typed(['alerts', 'add', 'Team', 'slack', '--default'], mine, address);
    assert.deepEqual([added.code, added.lines[0]?.['isDefault']], [0, true], added.err);
    const tried = await write('alerts', 'test', 'Team');
    assert.deepEqual([tried.code, tried.lines[0]?.['ok']], [2, false]);
    const file = join(yaml, 'people.yaml');
    const before = await readFile(file, 'utf8');
    await writeFile(file, `${before}\nalerts: { channels: [Nobody] }\n`);
    assert.match((await write('apply', yaml)).err, /refers to the alert channel "Nobody"/);
    await writeFile(file, `${before}\nalerts: { channels: [Team, default], kinds: [failed] }\n`);
    assert.equal((await write('apply', yaml)).code, 0);
    const refused = await write('alerts', 'remove', 'Team');
    assert.deepEqual([refused.code, /People/.test(refused.err)], [2, true]);
    const { lines } = await write('alerts');
    assert.doesNotMatch(JSON.stringify([added, tried, lines]), /t0ken-of-the-hook/);
  });

  test('what is exported can be applied, and what leaves git is pruned', async () => {
    const folder = join(yaml, '../exported');
    assert.equal((await write('export', folder)).code, 0);
    assert.deepEqual((await readdir(folder)).toSorted(), ['accounts', 'writebacks']);
    const exported = await readFile(join(folder, 'writebacks/people.yaml'), 'utf8');
    assert.match(exported, /channels:\n\s+- Team\n\s+- default\n/);
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
    assert.equal((await write('alerts', 'remove', 'Team')).code, 0);
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

  test('a wrong schedule or wrong details are told before an account is made', async () => {
    const file = join(yaml, '../wrong.yaml');
    const text = (more: string) =>
      `name: Wrong\nsource: { kind: local, dataset: people.csv }\nconnector: folder\ncredentials: { folder: /tmp }\n${more}\n`;
    const wrong: [string, RegExp][] = [
      [
        'details: { fileName: x }\nschedule: { every: eclipse }',
        /Writeback "Wrong": "Every" has no choice "eclipse"/,
      ],
      ['details: { fileNane: x }', /Writeback "Wrong": .*fileNane/],
    ];
    for (const [more, told] of wrong) {
      await writeFile(file, text(more));
      const { code, err, lines } = await write('apply', file);
      assert.deepEqual([code, lines], [2, []]);
      assert.match(err, told);
    }
    assert.ok(!(await write('accounts')).lines.some(({ name }) => name === 'Wrong'));
  });

  test('people are let in, and keys for programs may what they were made for', async () => {
    const bob = await typed(['people', 'create', 'Bob', 'bob@example.com', 'viewer'], mine, `${password}\n`);
    assert.deepEqual([bob.code, bob.lines[0]?.['role']], [0, 'viewer']);
    const sign = (email: string) => `${email}\n${password}\n`;
    const words = ['api-keys', 'new', 'reader', '--permissions', 'read,signedIn', '--days', '3'];
    const { lines } = await typed(words, mine, sign('ada@example.com'));
    const key = { WRITEBACK_URL: url, WRITEBACK_API_KEY: String(lines[0]?.['key']) };
    assert.equal((await typed(['accounts'], key)).code, 0);
    const denied = await typed(['people', 'disable', 'bob@example.com'], key);
    assert.deepEqual([denied.code, /\(api-not-allowed\)/.test(denied.err)], [2, true]);
    assert.equal((await typed(['api-keys', 'delete', 'reader'], mine, sign('ada@example.com'))).code, 0);
    assert.equal((await typed(['accounts'], key)).code, 2);
    assert.equal((await write('people', 'role', 'bob@example.com', 'editor')).code, 0);
    assert.equal((await write('people', 'disable', 'bob@example.com')).code, 0);
    assert.equal((await typed(['sign-in'], mine, sign('bob@example.com'))).code, 2);
    const names = (await write('people')).lines.map(({ name, role, disabled }) => [name, role, disabled]);
    assert.deepEqual(names, [
      ['Ada', 'admin', false],
      ['Bob', 'editor', true],
    ]);
  });

  test('keys are made, rotated and dropped, and never shown', async () => {
    const local = (...words: string[]) => typed(words, { ...mine, WRITEBACK_DATA: data });
    const [before] = (await local('keys')).lines;
    const [made] = (await local('keys', 'new')).lines;
    assert.match(
      (await local('keys', 'drop')).err,
      /\(keys-needed\)/,
      'secrets are sealed with the old one still',
    );
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
    assert.deepEqual([code, person], [0, 2]);
    assert.equal((await typed(['db', 'restore', file], elsewhere)).code, 2);
  });

  test('SIGTERM ends it by itself, with its database', async () => {
    assert.equal(await end('SIGTERM'), 0);
    assert.equal(await serves(url), false);
    await assert.rejects(stat(join(data, 'postgres/data/postmaster.pid')), { code: 'ENOENT' });
  });
});
