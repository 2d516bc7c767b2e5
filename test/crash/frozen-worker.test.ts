import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Db } from '../../src/store/database.ts';
import { findRun, listRuns } from '../../src/store/run.ts';
import { standInTargets } from '../servers/stand-in-targets.ts';
import { newPerson } from '../servers/store-rows.ts';
import { crashDatabases } from './crash-database.ts';
import { crashService } from './crash-service.ts';
import {
  type CrashTarget,
  makeDue,
  openTargets,
  requireClean,
  requireStored,
  runsEnded,
  saveTarget,
} from './crash-target.ts';

const rows = 40_000;

/**
 * A run of one of the two writebacks of each target, all at once. What is stored is looked at; that nothing else is left can be
 * asked when nobody is frozen any more, who may be in the midst of an upload.
 */
async function turn(
  db: Db,
  targets: readonly CrashTarget[],
  which: 0 | 1,
  number: number,
  meanwhile = async () => {},
) {
  const ids = targets.map(({ writebacks }) => writebacks[which]);
  for (const id of ids) await makeDue(db, id);
  await meanwhile();
  const runs = await Promise.all(ids.map((id) => runsEnded(db, id, number)));
  for (const [index, run] of runs.entries()) await requireStored(db, targets[index]!, which, run);
  return runs;
}

test('what a frozen worker does once it wakes changes nothing, though a newer run has written since', async (context) => {
  await using stack = new AsyncDisposableStack();
  const database = await crashDatabases['embedded server']!();
  stack.defer(() => database.close());
  const db = database.store.kysely;
  const { id: ownerId } = await newPerson(db);
  const targets: CrashTarget[] = [];
  for (const one of await openTargets(standInTargets, stack))
    targets.push(await saveTarget(db, ownerId, one, { ...database, rows }));
  const service = crashService(database);
  stack.defer(() => service.killAll());
  await service.start('scheduler');
  const { pid } = await service.start('worker');
  await turn(db, targets, 0, 1);
  await turn(db, targets, 1, 1);

  const atWork = async () => {
    // Nearly all at once, or as soon as they get fewer: a quick one may be over before the last has begun.
    for (let [now, most] = [0, 0]; now >= most && now < targets.length - 1; await sleep(5)) {
      most = Math.max(most, now);
      now = (await listRuns(db, { state: 'running', limit: 99 })).length;
    }
    await sleep(300 * Math.random());
    process.kill(pid, 'SIGSTOP');
    await service.start('worker');
  };
  const retaken = await turn(db, targets, 0, 2, atWork);
  const interrupted = retaken.filter(({ attempt }) => attempt > 1);
  context.diagnostic(`${interrupted.length} runs were taken up by another worker.`);
  assert.ok(interrupted.length > 0);
  const newer = await turn(db, targets, 1, 2);

  process.kill(pid, 'SIGCONT');
  // It is given no work that would tell that it has woken; until then it may do what it was about to.
  await sleep(5_000);
  for (const run of [...retaken, ...newer]) assert.deepEqual(await findRun(db, run.id), run);
  for (const [index, run] of newer.entries()) await requireClean(db, targets[index]!, 1, run);
});
