import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { dataFolder, never, quiet } from '../../../test/servers/store-places.ts';
import { UserError } from '../../errors.ts';
import { type Store, openStore } from '../open.ts';
import { newId } from '../new-id.ts';
import { insertPerson, listPeople } from '../person.ts';
import { prepareCluster } from './cluster.ts';
import { postmasterPid, serverLives } from './postmaster-file.ts';
import { serverUser } from './server-user.ts';

const open = (folder: string) => openStore({ dataFolder: folder }, quiet, never);

/** Writes something that is to be found again. */
async function write(store: Store, name: string): Promise<void> {
  const person = {
    id: newId('person'),
    email: `${newId('person')}@example.com`,
    name,
    role: 'admin' as const,
  };
  await insertPerson(store.kysely, person);
}

async function namesIn(store: Store): Promise<string[]> {
  return (await listPeople(store.kysely)).map(({ name }) => name);
}

/** Another process that has the store open. */
async function startOwner(folder: string): Promise<ChildProcess> {
  const file = new URL('../../../test/servers/store-owner.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, [file, folder], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [text] = (await once(child.stdout, 'data')) as [Buffer];
  assert.equal(text.toString(), 'open\n');
  return child;
}

async function end(child: ChildProcess, signal?: 'SIGKILL'): Promise<void> {
  if (signal) child.kill(signal);
  else child.stdin!.end();
  await once(child, 'exit');
}

const dataOf = (folder: string) => join(folder, 'postgres/data');

/** Most tests share a cluster, because making one takes most of their time; they run one after the other. */
const folder = await dataFolder();

test('what was written is there at the next start, and nothing runs in between', async () => {
  const first = await open(folder);
  await write(first, 'Ann 1');
  await first.close();
  assert.equal(await serverLives(dataOf(folder)), false);
  const second = await open(folder);
  assert.ok((await namesIn(second)).includes('Ann 1'));
  await second.close();
});

test('the server is durable, closed to the network, and its password is ours alone to read', async () => {
  const store = await open(folder);
  const { rows } = await store.pool.query(
    `select name, setting from pg_settings where name in ('fsync', 'full_page_writes', 'synchronous_commit', 'listen_addresses') order by name`,
  );
  assert.deepEqual(
    rows.map(({ setting }) => setting as string),
    // fsync, full_page_writes, listen_addresses, synchronous_commit
    ['on', 'on', '', 'on'],
  );
  assert.equal((await stat(join(folder, 'postgres/password'))).mode & 0o777, 0o600);
  assert.equal((await stat(dataOf(folder))).mode & 0o777, 0o700);
  assert.match(
    await readFile(join(dataOf(folder), 'pg_hba.conf'), 'utf8'),
    /^local\s+all\s+all\s+scram-sha-256$/m,
  );
  await store.close();
});

test('the server of a process that was killed is joined, and ends with who joined it', async () => {
  const owner = await startOwner(folder);
  const pid = await postmasterPid(dataOf(folder));
  await end(owner, 'SIGKILL');
  assert.equal(await serverLives(dataOf(folder)), true, 'an orphan is left');
  const store = await open(folder);
  assert.equal(await postmasterPid(dataOf(folder)), pid, 'no second server was started');
  await write(store, 'Ann 3');
  await store.close();
  assert.equal(await serverLives(dataOf(folder)), false);
});

test('the server ends with the last process that uses it, not with the one that started it', async () => {
  const owner = await startOwner(folder);
  const store = await open(folder);
  await end(owner);
  await write(store, 'Ann 4');
  assert.ok((await namesIn(store)).includes('Ann 4'));
  await store.close();
  assert.equal(await serverLives(dataOf(folder)), false);
});

test('opening and closing at once, many times, always gives a database', async () => {
  const visit = async () => {
    for (let i = 0; i < 6; i++) {
      const store = await open(folder);
      await store.pool.query('select 1');
      await store.close();
    }
  };
  await Promise.all([visit(), visit(), visit()]);
  assert.equal(await serverLives(dataOf(folder)), false);
});

test('a server that is killed under us is started again, with all that was committed', async () => {
  const store = await open(folder);
  await write(store, 'Ann 6');
  const pid = (await postmasterPid(dataOf(folder)))!;
  process.kill(pid, 'SIGKILL');
  // A connection that is open may still be answered for a moment by its own process, which outlives the server's first one.
  let names: string[] | undefined;
  while (!names || (await postmasterPid(dataOf(folder))) === pid)
    names = await namesIn(store).catch(() => sleep(50, undefined));
  assert.ok(names.includes('Ann 6'));
  await store.close();
  assert.equal(await serverLives(dataOf(folder)), false);
});

test('lock files with a number that is another program’s by now do not keep the server from starting', async () => {
  const user = await serverUser();
  const other = spawn('sleep', ['60'], { ...user, stdio: 'ignore' });
  const file = `${other.pid}\n${dataOf(folder)}\n1700000000\n5432\n${folder}\n\n0\nready\n`;
  const { sockets } = await prepareCluster(folder);
  await writeFile(join(dataOf(folder), 'postmaster.pid'), file);
  await writeFile(join(sockets, '.s.PGSQL.5432.lock'), file);
  assert.equal(await serverLives(dataOf(folder)), false);
  const store = await open(folder);
  assert.notEqual(await postmasterPid(dataOf(folder)), other.pid);
  await store.close();
  other.kill();
});

test('a data folder of another version is refused, with the way to migrate', async () => {
  await writeFile(join(dataOf(folder), 'PG_VERSION'), '17\n');
  await assert.rejects(open(folder), (error: UserError) => {
    assert.equal(error.code, 'store-other-version');
    assert.match(error.message, /PostgreSQL 17.*PostgreSQL 18/);
    assert.match(error.remedy!, /db dump/);
    return error instanceof UserError;
  });
  await writeFile(join(dataOf(folder), 'PG_VERSION'), '18\n');
});

test('another password than the server knows lets nobody in', async () => {
  const store = await open(folder);
  const file = join(folder, 'postgres/password');
  const password = await readFile(file, 'utf8');
  await writeFile(file, 'guessed');
  await assert.rejects(open(folder), { code: 'store-start', message: /password authentication failed/ });
  await writeFile(file, password);
  await store.close();
});

test('a password file that is gone is told by its name', async () => {
  const file = join(folder, 'postgres/password');
  await rename(file, `${file}.away`);
  await assert.rejects(open(folder), { code: 'store-password', message: /postgres\/password/ });
  await rename(`${file}.away`, file);
});

test('an opening that is no longer wanted stops', async () => {
  const reason = new Error('no longer wanted');
  await assert.rejects(openStore({ dataFolder: folder }, quiet, AbortSignal.abort(reason)), reason);
  assert.equal(await serverLives(dataOf(folder)), false);
});

test('a broken cluster is refused with the words of the server', async () => {
  await rm(join(dataOf(folder), 'global/pg_control'));
  await assert.rejects(open(folder), { code: 'store-start', message: /pg_control/ });
});

test('processes that open a new folder at once share one database', async () => {
  const folder = await dataFolder();
  const owners = await Promise.all([startOwner(folder), startOwner(folder), startOwner(folder)]);
  const stores = await Promise.all([open(folder), open(folder)]);
  await write(stores[0], 'Ann 13');
  assert.ok((await namesIn(stores[1])).includes('Ann 13'));
  await Promise.all([...owners.map((owner) => end(owner)), ...stores.map((store) => store.close())]);
  assert.equal(await serverLives(dataOf(folder)), false);
  assert.deepEqual((await readdir(folder)).toSorted(), ['postgres', 'postgres-work']);
});

test('a cluster that was half made by a killed process is made anew', async () => {
  const folder = await dataFolder();
  const half = join(folder, 'postgres.new-999999999-abcd');
  await writeFile(half, 'PG_VERSION');
  const store = await open(folder);
  assert.equal(await stat(half).catch(() => 'gone'), 'gone');
  await store.close();
});

test('a path that is too long for a socket works all the same', async () => {
  const folder = join(await dataFolder(), 'a'.repeat(60), 'b'.repeat(60));
  const store = await open(folder);
  await store.pool.query('select 1');
  await store.close();
});
