import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { openBothStores, quiet, storePlaces } from '../../test/servers/store-places.ts';
import { newPerson, newRun, newWriteback } from '../../test/servers/store-rows.ts';
import { UserError } from '../errors.ts';
import { insertAccount } from './account.ts';
import { insertAlerts } from './alert.ts';
import { insertAlertChannel } from './alert-channel.ts';
import { share } from './account-share.ts';
import { insertApiKey } from './api-key.ts';
import { firstBrokenAudit, writeAudit } from './audit.ts';
import { keepChannelFailure } from './channel-health.ts';
import type { Db } from './database.ts';
import { dumpStore, dumpedTables } from './dump.ts';
import { beginOnce } from './idempotency-key.ts';
import { registerKey } from './installation.ts';
import { insertLocalDataset } from './local-dataset.ts';
import { codeVersion } from './migrate.ts';
import { newId } from './new-id.ts';
import type { Store } from './open.ts';
import { appendOutputRows } from './output-row.ts';
import { queueParts } from './part.ts';
import { createPool } from './pool.ts';
import { wishPublication } from './published-output.ts';
import { saveRejectedRows } from './rejected-row.ts';
import { moveStore, restoreStore } from './restore.ts';
import { insertRun } from './run.ts';
import { insertRunEvents, runEventsAfter } from './run-event.ts';
import { saveSchedule } from './schedule.ts';
import { insertSession } from './session.ts';
import { insertWritebackVersion } from './writeback-version.ts';

const stores = await openBothStores();
const empties = await Promise.all(Array.from({ length: 4 }, storePlaces['own PostgreSQL']!));
const pools = empties.map(({ databaseUrl }) => createPool({ connectionString: databaseUrl! }, quiet));
after(async () => Promise.all(pools.map(async (pool) => pool.end())));

const odd = 'é\u2028\\"\n\t{"table":"x"}😀';

/** At least a row in every table, and more of some than are fetched at once. */
async function fill(db: Db): Promise<void> {
  await registerKey(db, 'key-1');
  const person = await newPerson(db);
  const token = {
    personId: person.id,
    tokenHash: Buffer.from([0, 255, 92, 120]),
    expiresAt: new Date('2100-01-01'),
  };
  await insertSession(db, { id: newId('session'), ...token });
  await insertApiKey(db, { id: newId('key'), ...token, name: odd, hint: 'x', scopes: ['a,b', '{}', ''] });
  await beginOnce(db, { personId: person.id, key: odd, requestHash: Buffer.from(odd) });
  const credentials = JSON.stringify({ big: 12345678901234567890n.toString(), odd });
  const account = await insertAccount(db, { id: newId('account'), connector: 's3', name: odd, credentials });
  await share(db, { accountId: account.id, personId: person.id, access: 'owner' });
  const file = { columns: '[]', rowCount: Number.MAX_SAFE_INTEGER, byteCount: 0, file: 'f' };
  await insertLocalDataset(db, {
    id: newId('dataset'),
    name: odd,
    ownerId: person.id,
    coOwnerIds: [],
    ...file,
  });
  const { id: writebackId } = await newWriteback(db, person.id);
  await insertWritebackVersion(db, { writebackId, version: 1, definition: '{}', changedBy: person.id });
  await saveSchedule(db, { writebackId, definition: '{}', nextDueAt: new Date() });
  const { id: runId } = await insertRun(db, newRun(writebackId));
  const channelId = newId('channel');
  await insertAlertChannel(db, {
    id: channelId,
    kind: 'slack',
    name: odd,
    ownerId: person.id,
    credentials: '{}',
  });
  await keepChannelFailure(db, { channelId, failures: 2, restsUntil: new Date(), lastError: odd });
  await queueParts(db, runId, [{}]);
  const line = (number: number) => ({ runId, attempt: 1, kind: 'log' as const, message: `${number} ${odd}` });
  await insertRunEvents(
    db,
    Array.from({ length: 1234 }, (_, number) => line(number)),
  );
  await insertAlerts(db, [{ writebackId, runId, kind: 'failed', message: odd }]);
  const dataset = { id: odd, name: odd, columns: [{ name: odd, type: 'STRING' }] };
  await saveRejectedRows(db, runId, dataset, [{ row: 1, column: null, reason: odd, cells: odd }]);
  await wishPublication(db, { writebackId, runId });
  await appendOutputRows(db, { writebackId, runId }, [{ rows: 1.5, text: odd, nothing: null, yes: true }]);
  await db
    .transaction()
    .execute((trx) => writeAudit(trx, { actor: 'a', action: 'b', target: 'c', details: { odd } }));
}

async function linesOf(lines: AsyncIterable<string>): Promise<string[]> {
  const all: string[] = [];
  for await (const line of lines) all.push(line);
  return all;
}

async function* each(lines: readonly string[]): AsyncGenerator<string> {
  yield* lines;
}

/** A dump without the time at which it was taken, and without an order of rows. */
async function contents(store: Pick<Store, 'pool'>): Promise<string[]> {
  return (await linesOf(dumpStore(store.pool))).slice(1).toSorted();
}

const embedded = stores.find(({ name }) => name === 'embedded server')!.store;
await fill(embedded.kysely);

test('an embedded installation moves to an own PostgreSQL, whole', async () => {
  const own = stores.find(({ name }) => name === 'own PostgreSQL')!.store;
  const moved = await moveStore(embedded.pool, own.pool);
  assert.deepEqual(Object.keys(moved), [...dumpedTables]);
  assert.ok(
    Object.values(moved).every((count) => count > 0),
    'the test fills every table',
  );
  assert.equal(moved['run_event'], 1234);
  assert.deepEqual(await contents(own), await contents(embedded));
  assert.equal(await firstBrokenAudit(own.kysely), undefined);
});

test('numbers that the database gives go on after the restored ones', async () => {
  const own = stores.find(({ name }) => name === 'own PostgreSQL')!.store;
  const [{ id, runId }] = (await own.kysely
    .selectFrom('runEvent')
    .select(['id', 'runId'])
    .orderBy('id', 'desc')
    .limit(1)
    .execute()) as [{ id: number; runId: string }];
  await insertRunEvents(own.kysely, [{ runId, attempt: 1, kind: 'log', message: 'after' }]);
  assert.deepEqual(
    (await runEventsAfter(own.kysely, runId, id, 9)).map(({ message }) => message),
    ['after'],
  );
});

test('a database that holds something already is not restored into', async () => {
  const lines = await linesOf(dumpStore(embedded.pool));
  const before = await contents(embedded);
  await assert.rejects(restoreStore(embedded.pool, each(lines)), { code: 'store-not-empty' });
  assert.deepEqual(await contents(embedded), before);
});

test('a dump is of one moment', async () => {
  const [pool] = pools;
  const dump = dumpStore(embedded.pool);
  const head = (await dump.next()).value as string;
  await newPerson(embedded.kysely);
  const rest = await linesOf(dump);
  await restoreStore(pool!, each([head, ...rest]));
  const { rows } = await pool!.query('select count(*) as people from writeback.person');
  assert.deepEqual(rows, [{ people: 1 }]);
});

test('a dump that is cut, changed, or none at all is refused and leaves nothing', async () => {
  const pool = pools[1]!;
  const lines = await linesOf(dumpStore(embedded.pool));
  const at = lines.findIndex((line) => line.includes('1000 é'));
  const broken: Record<string, readonly [lines: string[], code: string]> = {
    cut: [lines.slice(0, -1), 'store-dump-broken'],
    'a row missing': [lines.toSpliced(at, 1), 'store-dump-broken'],
    'a row twice': [lines.toSpliced(at, 0, lines[at]!), 'store-dump-broken'],
    'a line that is cut': [lines.with(at, lines[at]!.slice(0, 20)), 'store-dump-broken'],
    'a row that is none': [lines.with(at, '[]'), 'store-dump-broken'],
    'another table': [lines.with(1, '{"table":"pg_authid"}'), 'store-dump-broken'],
    'rows before a table': [lines.toSpliced(1, 1), 'store-dump-broken'],
    nothing: [[], 'store-dump-unknown'],
    'something else': [['{"id":1}'], 'store-dump-unknown'],
    'a newer release': [lines.with(0, lines[0]!.replace(/"schema":\d+/, '"schema":999')), 'store-dump-newer'],
  };
  for (const [what, [some, code]] of Object.entries(broken)) {
    await assert.rejects(restoreStore(pool, each(some)), (error: UserError) => {
      assert.ok(error instanceof UserError, `${what}: ${String(error)}`);
      assert.equal(error.code, code, what);
      return true;
    });
    const { rows } = await pool.query<{ used: boolean }>(
      `select to_regclass('writeback.person') is not null as used`,
    );
    if (rows[0]?.used) {
      const { rowCount } = await pool.query('select from writeback.person');
      assert.equal(rowCount, 0, what);
    }
  }
  await restoreStore(pool, each(lines));
});

test('a source that breaks off midway leaves nothing', async () => {
  const pool = pools[2]!;
  const lines = await linesOf(dumpStore(embedded.pool));
  const breaking = async function* () {
    yield* lines.slice(0, 900);
    throw new Error('the disk is gone');
  };
  await assert.rejects(restoreStore(pool, breaking()), /the disk is gone/);
  const { rowCount } = await pool.query('select from writeback.person');
  assert.equal(rowCount, 0);
});

test('what was never Writeback is not dumped', async () => {
  await assert.rejects(linesOf(dumpStore(pools[3]!)), { code: 'store-empty' });
});

test('every table of the schema is dumped', async () => {
  const { rows } = await embedded.pool.query<{ tablename: string }>(
    `select tablename from pg_tables where schemaname = 'writeback' and tablename <> 'migration'`,
  );
  assert.deepEqual(rows.map(({ tablename }) => tablename).toSorted(), dumpedTables.toSorted());
  assert.ok((await codeVersion()) >= 1);
});
