import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { never, openBothStores, quiet, storePlaces } from '../../test/servers/store-places.ts';
import { UserError } from '../errors.ts';
import { codeVersion, migrate, readSchemaState, requireFittingSchema } from './migrate.ts';
import { openStore } from './open.ts';
import { createPool } from './pool.ts';

const stores = await openBothStores();
const { databaseUrl, dataFolder } = await storePlaces['own PostgreSQL']!();
const raced = await Promise.all([storePlaces['own PostgreSQL']!(), storePlaces['own PostgreSQL']!()]);

for (const { name, store } of stores) {
  test(`a database that is opened is at this release's schema on the ${name}`, async () => {
    const state = await readSchemaState(store.pool);
    assert.ok(state);
    assert.equal(state.number, await codeVersion());
    assert.ok(state.worksWith <= state.number);
    await migrate(store.pool);
    assert.deepEqual(await readSchemaState(store.pool), state);
  });

  test(`a process that is too old for the schema is refused, one that is new enough works on the ${name}`, async () => {
    const ours = await codeVersion();
    const newer = async (worksWith: number) => {
      await store.pool.query(`insert into writeback.migration values ($1, 'later.sql', $2)`, [
        ours + 7,
        worksWith,
      ]);
    };
    await newer(ours);
    await requireFittingSchema(store.pool);
    await migrate(store.pool);
    await store.pool.query('delete from writeback.migration where number > $1', [ours]);
    await newer(ours + 1);
    for (const refused of [requireFittingSchema(store.pool), migrate(store.pool)]) {
      await assert.rejects(refused, (error: UserError) => {
        assert.ok(error instanceof UserError);
        assert.equal(error.code, 'store-newer-schema');
        assert.match(error.message, new RegExp(`schema is ${ours + 7} .* this release has ${ours}`));
        return true;
      });
    }
    await requireFittingSchema(store.pool, ours + 1);
    await store.pool.query('delete from writeback.migration where number > $1', [ours]);
  });
}

test(
  'a store whose schema is too new does not open, and leaves no connection',
  { timeout: 30_000 },
  async () => {
    const first = await openStore({ databaseUrl, dataFolder }, quiet, never);
    await first.pool.query(`insert into writeback.migration values (999, 'later.sql', 999)`);
    await assert.rejects(openStore({ databaseUrl, dataFolder }, quiet, never), {
      code: 'store-newer-schema',
    });
    const others = async () => {
      const { rows } = await first.pool.query<{ count: number }>(
        `select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`,
      );
      return rows[0]!.count;
    };
    // The server notices the end of a connection a moment later.
    while ((await others()) > 0) await sleep(20);
    await first.close();
  },
);

test('processes that migrate at once migrate once', async () => {
  const url = raced[0].databaseUrl!;
  const program = `
    import { openStore } from ${JSON.stringify(new URL('open.ts', import.meta.url).href)};
    const log = { info() {}, warn() {}, hide() {} };
    const store = await openStore({ databaseUrl: process.argv[1], dataFolder: '' }, log, new AbortController().signal);
    await store.close();`;
  const children = Array.from({ length: 4 }, () =>
    spawn(process.execPath, ['--input-type=module', '--eval', program, url], { stdio: 'inherit' }),
  );
  const codes = await Promise.all(children.map(async (child) => (await once(child, 'exit'))[0] as number));
  assert.deepEqual(codes, [0, 0, 0, 0]);
  const pool = createPool({ connectionString: url }, quiet);
  const { rows } = await pool.query('select number from writeback.migration');
  assert.deepEqual(
    rows.map(({ number }) => number as number),
    Array.from({ length: await codeVersion() }, (_, i) => i + 1),
  );
  await pool.end();
});

test('a migration that fails leaves nothing of itself', async () => {
  const pool = createPool({ connectionString: raced[1].databaseUrl! }, quiet);
  // In the way of one of the last tables of the first migration.
  await pool.query('create schema writeback; create table writeback.audit (x int)');
  await assert.rejects(migrate(pool), { code: '42P07' });
  assert.equal(await readSchemaState(pool), undefined);
  const { rows } = await pool.query(`select 1 from pg_tables where schemaname = 'writeback'`);
  assert.equal(rows.length, 1);
  await pool.query('drop table writeback.audit');
  await migrate(pool);
  await pool.end();
});

test('a database that cannot be used is told as what it is', async () => {
  const wrong = async (change: (url: URL) => void, code: string, kind: string) => {
    const url = new URL(databaseUrl!);
    change(url);
    await assert.rejects(
      openStore({ databaseUrl: url.href, dataFolder }, quiet, never),
      (error: UserError) => {
        assert.deepEqual([error.code, error.name], [code, kind]);
        assert.ok(!error.message.includes(url.password) || url.password === '');
        return true;
      },
    );
  };
  await wrong((url) => (url.password = 'guessed-password'), 'store-sign-in', 'UserError');
  await wrong((url) => (url.pathname = '/nosuchdatabase'), 'store-no-database', 'UserError');
  await wrong((url) => (url.port = '1'), 'store-unreachable', 'TemporaryError');
  await wrong((url) => (url.hostname = 'no-such-host.invalid'), 'store-unreachable', 'TemporaryError');
});

test('what is no address of a PostgreSQL is refused without being repeated', async () => {
  for (const url of ['hunter2', 'mysql://root:hunter2@db/wb', '/var/run/hunter2']) {
    await assert.rejects(openStore({ databaseUrl: url, dataFolder }, quiet, never), (error: UserError) => {
      assert.equal(error.code, 'store-url');
      assert.ok(!`${error.message} ${error.remedy}`.includes('hunter2'));
      return true;
    });
  }
});

test('the password of the database is hidden in the log', async () => {
  const hidden: string[] = [];
  const log = { ...quiet, hide: (secret: string) => void hidden.push(secret) };
  const store = await openStore({ databaseUrl: raced[0].databaseUrl, dataFolder }, log, never);
  await store.close();
  assert.deepEqual(hidden, [new URL(raced[0].databaseUrl!).password]);
});

test('a user who may not create anything is told so', async () => {
  const pool = createPool({ connectionString: raced[0].databaseUrl! }, quiet);
  await pool.query(`drop role if exists writeback_guest`);
  await pool.query(`create role writeback_guest login password 'guest'`);
  const url = new URL(raced[0].databaseUrl!);
  [url.username, url.password, url.pathname] = ['writeback_guest', 'guest', '/postgres'];
  await assert.rejects(openStore({ databaseUrl: url.href, dataFolder }, quiet, never), {
    code: 'store-permission',
    remedy: /own the database/,
  });
  await pool.query('drop role writeback_guest');
  await pool.end();
});
