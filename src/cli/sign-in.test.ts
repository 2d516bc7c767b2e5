import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { openIdRig } from '../../test/servers/open-id-rig.ts';
import { openTestStore, storePlaces } from '../../test/servers/store-places.ts';
import { newPerson } from '../../test/servers/store-rows.ts';
import { hashPassword } from '../api/password.ts';
import { connectors } from '../connectors.ts';
import { createRegistry } from '../connector/registry.ts';
import { createEgress } from '../egress/egress.ts';
import { createLog } from '../log.ts';
import { updatePerson } from '../store/person.ts';
import { runCli } from './cli.ts';

const folder = await mkdtemp(join(tmpdir(), 'writeback-sign-in-'));
process.env['XDG_CONFIG_HOME'] = folder;
after(() => rm(folder, { recursive: true }));
const kept = join(folder, 'writeback/server.json');

const { provider, known, serverOf } = await openIdRig();
const { kysely: db } = await openTestStore(await storePlaces['own PostgreSQL']!());

/** A server where passwords let people in, or not. */
async function listening(password: boolean) {
  const server = serverOf(db, { defaultRole: 'editor' }, password);
  await server.listen({ port: 0, host: '127.0.0.1' });
  const { port } = server.server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, close: () => server.close() };
}

/** Types a command in this process; `told` gets what it says to the person meanwhile, and `answers` are what it asks for. */
async function typed(
  words: readonly string[],
  told: (text: string) => void = () => {},
  answers: readonly string[] = [],
) {
  const lines: string[] = [];
  const left = [...answers];
  const code = await runCli([...words, '--json'], {
    version: '0',
    registry: createRegistry(connectors),
    egress: createEgress(),
    log: createLog(() => {}),
    signal: new AbortController().signal,
    out: (line) => lines.push(line),
    err: told,
    lively: false,
    ask: async (question) => left.shift() ?? assert.fail(`It asked for ${question}.`),
  });
  return { code, lines: lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

/** What a browser does with the address that the command shows; gives where it is sent at the end. */
async function browse(url: string, page: string, subject: string): Promise<URL> {
  const begun = await fetch(page, { redirect: 'manual' });
  const cookie = begun.headers.getSetCookie()[0]!.split(';')[0]!;
  const back = await provider.signIn(begun.headers.get('location')!, subject);
  const callback = `${url}/api/sign-in/openid/callback${back.search}`;
  const done = await fetch(callback, { redirect: 'manual', headers: { cookie } });
  assert.equal(done.status, 303, await done.text());
  assert.deepEqual(
    done.headers.getSetCookie().map((line) => line.split('=')[0]),
    ['__Host-writeback-sign-in'],
    'the session is the terminal’s, not the browser’s',
  );
  return new URL(done.headers.get('location')!);
}

test('where passwords are off a terminal signs in through a browser of its machine', async () => {
  const { url } = await listening(false);
  const shown = Promise.withResolvers<string>();
  const signingIn = typed(['sign-in', '--url', url], (text) => {
    const [page] = /http\S+/.exec(text) ?? [];
    if (page) shown.resolve(page);
  });
  const page = await shown.promise;
  const asked = await fetch(page, { redirect: 'manual' });
  assert.equal(new URL(asked.headers.get('location')!).searchParams.get('prompt'), 'login');
  const back = await browse(url, page, known('ann', { name: 'Ann' }));
  assert.match(back.href, /^http:\/\/127\.0\.0\.1:\d+\/[\w-]{32}\?session=[\w-]{43}$/);
  // Whoever does not know the path is not heard.
  assert.equal((await fetch(new URL('/?session=x', back))).status, 404);
  const thanks = await fetch(back);
  assert.match(await thanks.text(), /You are signed in/);
  assert.deepEqual(await signingIn, { code: 0, lines: [{ event: 'signed-in', url, name: 'Ann' }] });
  const { lines } = await typed(['whoami']);
  assert.deepEqual([lines[0]?.['email'], lines[0]?.['role']], ['ann@example.com', 'editor']);
  const cookie = `__Host-writeback=${back.searchParams.get('session')}`;
  assert.equal((await fetch(`${url}/api/session`, { headers: { cookie } })).status, 401, 'it is used up');
  assert.match(await readFile(kept, 'utf8'), /"apiKey": "wb_/);
});

test('who signs out, or in again, leaves no key behind at the server', async () => {
  const { url, close } = await listening(true);
  const [email, password] = ['ben@example.com', 'correct horse battery staple'];
  const passwordHash = await hashPassword(password);
  await updatePerson(db, (await newPerson(db, email)).id, { passwordHash });
  const signIn = async () => {
    const { code } = await typed(['sign-in', '--url', url], undefined, [email, password]);
    assert.equal(code, 0);
    return (JSON.parse(await readFile(kept, 'utf8')) as { apiKey: string }).apiKey;
  };
  const isKey = async (key: string) =>
    (await fetch(`${url}/api/session`, { headers: { authorization: `Bearer ${key}` } })).ok;
  const [first, second] = [await signIn(), await signIn()];
  assert.deepEqual([await isKey(first), await isKey(second)], [false, true]);
  const { lines } = await typed(['api-keys', '--url', url], undefined, [email, password]);
  assert.deepEqual(
    [lines.length, JSON.stringify(lines).includes(second)],
    [1, false],
    'one is left, not shown',
  );
  assert.equal((await typed(['sign-out'])).code, 0);
  assert.equal(await isKey(second), false);
  await assert.rejects(stat(kept), { code: 'ENOENT' });
  assert.equal((await typed(['sign-out'])).code, 0, 'there is nothing left to end');

  await signIn();
  await close();
  let said = '';
  const { code } = await typed(['sign-out'], (text) => (said += text));
  assert.equal(code, 3);
  assert.match(said, /forgotten here, but its server did not end it: .*\n.*api-keys delete/);
  await assert.rejects(stat(kept), { code: 'ENOENT' });
});

test('nothing but a port and a path of loopback is taken for a terminal', async () => {
  const { url } = await listening(true);
  for (const terminal of [
    'evil.example/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
    '8000@evil.example/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
    '8000/short',
    '80/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
    '8000/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/../x',
  ]) {
    const query = new URLSearchParams({ terminal }).toString();
    const { status } = await fetch(`${url}/api/sign-in/openid?${query}`, { redirect: 'manual' });
    assert.equal(status, 400, terminal);
  }
});
