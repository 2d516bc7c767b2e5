import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openEngine } from '../../src/run/engine.ts';
import { startRun } from '../../src/run/run.ts';
import type { Db } from '../../src/store/database.ts';
import { listParts } from '../../src/store/part.ts';
import { findRun } from '../../src/store/run.ts';
import { keyedRows, partsWriteback, sorted, unloaded } from '../servers/parts-writeback.ts';
import { type S3StandIn, startS3 } from '../servers/s3-stand-in.ts';
import { keyRing, registry } from '../servers/saved-writeback.ts';
import { serviceRig } from '../servers/service-rig.ts';
import { quiet } from '../servers/store-places.ts';
import { newRun } from '../servers/store-rows.ts';
import { crashDatabases } from './crash-database.ts';
import { crashService } from './crash-service.ts';

const rows = 600;
const path = 'in';

/** Everything that the run published is there, once, and nothing else. */
function requireWhole(server: S3StandIn): void {
  const { names, rows: found } = unloaded(server, path);
  assert.equal(names.length, 7);
  assert.deepEqual(found, sorted(keyedRows(rows)));
}

/** Two parts are held, and the others have sent what is never answered. */
async function hanging(db: Db, server: S3StandIn, id: string): Promise<void> {
  const held = async () => (await listParts(db, id)).filter(({ state }) => state === 'succeeded').length;
  const sent = () => server.requests.filter((one) => one === 'UploadPart').length;
  while (sent() < 6 || (await held()) < 2) await sleep(50);
}

/** Four of six parts hang in a process, to which something happens; another one then ends the run. */
async function interrupt(context: TestContext, how: 'SIGKILL' | 'SIGSTOP') {
  const stack = new AsyncDisposableStack();
  context.after(() => stack.disposeAsync());
  const database = await crashDatabases['own PostgreSQL']!();
  stack.defer(() => database.close());
  const { store, dataFolder } = database;
  const db = store.kysely;
  const server = await startS3();
  stack.defer(() => server.stop());
  server.fault({ operation: 'UploadPart', kind: 'stall', after: 2, times: 4 });
  const service = crashService(database);
  stack.defer(() => service.killAll());
  const { pid } = await service.start('worker');
  const engine = await openEngine(store.bossOptions, quiet);
  stack.defer(() => engine.stop());
  const run = newRun(await partsWriteback(db, server, { dataFolder, path, rows }));
  await db.transaction().execute((transaction) => startRun(transaction, engine, run));
  await hanging(db, server, run.id);
  process.kill(pid, how);
  const since = performance.now();
  const rig = await serviceRig(store, { registry, keyRing, dataFolder });
  stack.defer(() => rig.stop());
  const ended = await rig.ended(run.id);
  context.diagnostic(`It was over ${((performance.now() - since) / 1000).toFixed(1)} s after.`);
  return { db, server, pid, ended };
}

test('the parts of a killed worker are done by another, and those that were done are not done again', async (context) => {
  const { db, server, ended } = await interrupt(context, 'SIGKILL');
  assert.equal(ended.state, 'succeeded');
  const attempts = (await listParts(db, ended.id)).map(({ attempt }) => attempt);
  assert.equal(attempts.filter((attempt) => attempt === 1).length, 2);
  assert.equal(attempts.filter((attempt) => attempt === 2).length, 4);
  requireWhole(server);
  assert.deepEqual(server.uploads(), [], 'nor are the uploads left that it had begun');
});

test('a frozen worker that wakes finds its parts given to another, and leaves nothing', async (context) => {
  const { db, server, pid, ended } = await interrupt(context, 'SIGSTOP');
  assert.equal(ended.state, 'succeeded');
  process.kill(pid, 'SIGCONT');
  // It is given no work that would tell that it has woken; until then it may do what it was about to.
  await sleep(5_000);
  assert.deepEqual(await findRun(db, ended.id), ended);
  requireWhole(server);
  assert.deepEqual(server.uploads(), []);
});
