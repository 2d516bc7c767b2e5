import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createPool, kyselyOver } from '../../src/store/pool.ts';
import { explainStoreError } from '../../src/store/explain-store-error.ts';
import { TemporaryError } from '../../src/errors.ts';
import { type Run, findRun } from '../../src/store/run.ts';
import { migrate } from '../../src/store/migrate.ts';
import { folderTarget } from '../servers/folder-target.ts';
import { startPostgres } from '../servers/postgres.ts';
import { dataFolder, quiet } from '../servers/store-places.ts';
import {
  type ServiceProcess,
  killService,
  makeDue,
  requireClean,
  runsEnded,
  saveTarget,
  startService,
} from './service-rig.ts';

const rows = 100_000;
const isOther = process.env['DATABASE_TEST_URL'] !== undefined;

const postgres = await startPostgres();
const url = await postgres.createDatabase();
const pool = createPool({ connectionString: url }, quiet);
await migrate(pool);
const db = kyselyOver(pool);
const folder = await dataFolder();
const target = await folderTarget();
const saved = await saveTarget(db, 'folder', target, { dataFolder: folder, rows });
const processes: ServiceProcess[] = [];
after(async () => {
  for (const { child } of processes) child.kill('SIGCONT');
  await Promise.all(processes.map(killService));
  await pool.end();
  await postgres.stop();
  await target.close();
});

const [id] = saved.writebacks;

/** Waits until a run of the writeback has begun, and gives it: a new process needs a moment until its rows flow. */
async function begun(number: number): Promise<Run> {
  for (;;) {
    const run = await db
      .selectFrom('run')
      .selectAll()
      .where('writebackId', '=', id)
      .where('number', '=', number)
      .executeTakeFirst();
    if (run?.state === 'running') return run;
    await sleep(10);
  }
}

/** A query that the database does not answer just now is asked again. */
async function patiently<T>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!(explainStoreError(error) instanceof TemporaryError)) throw error;
      await sleep(100);
    }
  }
}

test('what a frozen worker does once it wakes changes nothing', { timeout: 300_000 }, async () => {
  const before = await startService(url, folder);
  processes.push(before);
  await makeDue(db, id);
  await requireClean(db, saved, 0, await runsEnded(db, id, 1));
  await killService(before);
  const first = await startService(url, folder);
  processes.push(first);
  await makeDue(db, id);
  const frozen = await begun(2);
  first.child.kill('SIGSTOP');
  processes.push(await startService(url, folder));
  const run = await runsEnded(db, id, 2);
  assert.equal(run.attempt, frozen.attempt + 1);
  assert.notEqual(run.worker, frozen.worker);
  await requireClean(db, saved, 0, run);
  first.child.kill('SIGCONT');
  // It has work again, so it has woken; until then it may do what it was about to.
  await sleep(5_000);
  assert.deepEqual(await findRun(db, run.id), run);
  await requireClean(db, saved, 0, run);
});

test(
  'a database that crashes during a run loses and doubles nothing',
  { timeout: 300_000, skip: isOther },
  async () => {
    await makeDue(db, id);
    const { attempt } = await begun(3);
    await postgres.crash();
    const run = await patiently(() => runsEnded(db, id, 3));
    assert.ok(run.attempt >= attempt);
    await requireClean(db, saved, 0, run);
  },
);
