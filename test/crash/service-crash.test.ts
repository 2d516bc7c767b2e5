import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { listRuns } from '../../src/store/run.ts';
import { dataFolder, openTestStore, storePlaces } from '../servers/store-places.ts';
import { standInTargets } from '../servers/stand-in-targets.ts';
import {
  type CrashTarget,
  type ServiceProcess,
  killService,
  makeDue,
  requireClean,
  runsEnded,
  saveTarget,
  startService,
} from './service-rig.ts';

/** `WRITEBACK_CRASH_KILLS=200 node --test test/crash/service-crash.test.ts` is the long form. */
const kills = Number(process.env['WRITEBACK_CRASH_KILLS'] ?? 1);
const rows = 20_000;

const place = await storePlaces['own PostgreSQL']!();
const store = await openTestStore(place);
const db = store.kysely;
const folder = await dataFolder();
const targets: CrashTarget[] = [];
const processes: ServiceProcess[] = [];
after(async () => {
  await Promise.all(processes.map(killService));
  await Promise.all(targets.map(({ target }) => target.close()));
});

const start = async () => startService(place.databaseUrl!, folder);

/** One run of each target at once; gives how long they took, in milliseconds. */
async function round(which: 0 | 1, count: number, disturb: () => Promise<void>): Promise<number> {
  const since = performance.now();
  const ids = targets.map(({ writebacks }) => writebacks[which]);
  for (const id of ids) await makeDue(db, id);
  const ended = Promise.all(ids.map((id) => runsEnded(db, id, count)));
  await disturb();
  const runs = await ended;
  const took = performance.now() - since;
  for (const [index, run] of runs.entries()) await requireClean(db, targets[index]!, which, run);
  return took;
}

/** Kills a process that works on something, if there is one; gives how many of its runs it had. */
async function killBusy(): Promise<number> {
  const running = await listRuns(db, { state: 'running', limit: 99 });
  const busy = running.map(({ worker }) => Number(worker?.split(':').at(-1)));
  const pid = busy[Math.floor(Math.random() * busy.length)];
  const victim = Math.max(
    0,
    processes.findIndex(({ child }) => child.pid === pid),
  );
  await killService(processes.splice(victim, 1)[0]!);
  return busy.filter((one) => one === pid).length;
}

test(`${kills} kills of a scheduler and worker, each during a run of every destination, leave what clean runs leave`, async (context) => {
  for (const [name, open] of Object.entries(standInTargets)) {
    targets.push(await saveTarget(db, name, await open(), { dataFolder: folder, rows }));
  }
  processes.push(await start(), await start());
  await round(0, 1, async () => {});
  const usual = await round(1, 1, async () => {});
  const counts = [1, 1];
  let longest = 0;
  let interrupted = 0;
  for (let kill = 0; kill < kills; kill += 1) {
    const which = (kill % 2) as 0 | 1;
    counts[which]! += 1;
    const took = await round(which, counts[which]!, async () => {
      while ((await listRuns(db, { state: 'running', limit: 1 })).length === 0) await sleep(10);
      await sleep(usual * 0.4 * Math.random());
      const had = await killBusy();
      interrupted += had;
    });
    longest = Math.max(longest, took);
    processes.push(await start());
  }
  context.diagnostic(`${interrupted} runs were interrupted.`);
  context.diagnostic(
    `A clean round took ${Math.round(usual)} ms, the longest disturbed one ${Math.round(longest)} ms.`,
  );
  const jobs = await store.pool.query(
    `select count(*) from writeback.run where state in ('queued', 'running')`,
  );
  assert.equal(Number((jobs.rows[0] as { count: string }).count), 0);
});
