import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Db } from '../../src/store/database.ts';
import { type Run, listRuns } from '../../src/store/run.ts';
import type { Store } from '../../src/store/open.ts';
import { deleteSchedule } from '../../src/store/schedule.ts';
import { folderTarget } from '../servers/folder-target.ts';
import { standInTargets } from '../servers/stand-in-targets.ts';
import { newPerson } from '../servers/store-rows.ts';
import { appendingTarget } from './appending-target.ts';
import { type CrashDatabase, crashDatabases } from './crash-database.ts';
import { type CrashRound, keepRounds, secondsToResume, tell } from './crash-figures.ts';
import { type CrashService, crashService } from './crash-service.ts';
import {
  type CrashTarget,
  makeDue,
  openTargets,
  requireClean,
  runsEnded,
  saveTarget,
} from './crash-target.ts';
import { requireEveryMinute, runEveryMinute } from './every-minute.ts';
import { type Kill, killAtRandom } from './kill-at-random.ts';
import { type RunByApi, persistentCaller } from './persistent-caller.ts';

/**
 * `WRITEBACK_CRASH_KILLS=200 node --test test/crash/service-crash.test.ts` is the long form, a quarter of an hour and more;
 * WRITEBACK_CRASH_JSON=docs/benchmarks.json keeps its figures.
 */
const kills = Number(process.env['WRITEBACK_CRASH_KILLS'] ?? 10);
const figuresFile = process.env['WRITEBACK_CRASH_JSON'];
const killsOfEach = Math.ceil(kills / Object.keys(crashDatabases).length);
const rows = 10_000;

const rounds: CrashRound[] = [];
after(() => {
  const isWhole = rounds.length === Object.keys(crashDatabases).length;
  if (figuresFile !== undefined && isWhole) keepRounds(figuresFile, rounds);
});

interface Scene {
  readonly db: Db;
  readonly targets: readonly CrashTarget[];
  readonly runByApi: RunByApi;
  /** How often each writeback was run. */
  readonly counts: Map<string, number>;
}

/** Where nothing else has failed, a stand-in on a busy machine may not answer in time: the run ends so, and may be run again. */
const isTooSlow = ({ state, error }: Run) => state === 'failed' && error?.['temporary'] === true;

/** Runs one of the two writebacks of a target, by schedule or by API, to its end: it leaves what a clean run leaves. */
async function takeTurn({ db, runByApi, counts }: Scene, target: CrashTarget, turn: number): Promise<void> {
  const which = turn % 2;
  const id = target.writebacks[which]!;
  for (;;) {
    const count = (counts.get(id) ?? 0) + 1;
    counts.set(id, count);
    await (Math.random() < 0.5 ? makeDue(db, id) : runByApi(id));
    const run = await runsEnded(db, id, count);
    if (!isTooSlow(run)) return requireClean(db, target, which, run);
  }
}

/** Kills while the targets take their turns, after two that nothing disturbs. */
async function disturb(database: CrashDatabase, service: CrashService, scene: Scene): Promise<Kill[]> {
  for (const turn of [0, 1]) await Promise.all(scene.targets.map((target) => takeTurn(scene, target, turn)));
  const [over, failed] = [new AbortController(), new AbortController()];
  const killing = killAtRandom(database, service, killsOfEach, failed.signal).finally(() => over.abort());
  const lanes = scene.targets.map(async (target) => {
    for (let turn = 2; !over.signal.aborted; turn += 1) await takeTurn(scene, target, turn);
  });
  try {
    await Promise.all(lanes);
  } finally {
    // One that failed ends them all.
    failed.abort();
    await Promise.allSettled([killing, ...lanes]);
  }
  return killing;
}

/** Nothing waits and nobody works, by the state of the runs and by the queue. */
async function requireIdle({ kysely, pool }: Store): Promise<void> {
  for (let tries = 150; ; tries -= 1) {
    const live = await listRuns(kysely, { state: 'running', limit: 9 });
    const waiting = await listRuns(kysely, { state: 'queued', limit: 9 });
    const { rows: jobs } = await pool.query(`select name, state from pgboss.job where state < 'completed'`);
    if (live.length + waiting.length + jobs.length === 0) return;
    assert.ok(tries > 0, JSON.stringify({ live, waiting, jobs }));
    await sleep(200);
  }
}

/** All destinations, MongoDB twice: there rows may also come on top. The last is for the schedule of every minute. */
const places = { ...standInTargets, 'mongodb, append': appendingTarget, 'every minute': folderTarget };

/** One round of kills, from an empty database to all that it can tell. */
async function round(place: string, open: () => Promise<CrashDatabase>): Promise<CrashRound> {
  await using stack = new AsyncDisposableStack();
  const database = await open();
  stack.defer(() => database.close());
  const { store, dataFolder } = database;
  const db = store.kysely;
  const { id: ownerId } = await newPerson(db);
  const saved: CrashTarget[] = [];
  for (const one of await openTargets(places, stack))
    saved.push(await saveTarget(db, ownerId, one, { dataFolder, rows }));
  const service = crashService(database);
  stack.defer(() => service.killAll());
  await Promise.all((['api', 'scheduler', 'worker', 'worker'] as const).map((role) => service.start(role)));
  const [everyMinute] = saved.pop()!.writebacks;
  await runEveryMinute(db, everyMinute);
  const runByApi = await persistentCaller(db, ownerId, () => service.processes('api')[0]?.url ?? '');
  const from = Date.now();
  const killed = await disturb(database, service, { db, targets: saved, runByApi, counts: new Map() });
  const until = Date.now();
  const minutes = await requireEveryMinute(db, everyMinute, from, until);
  await deleteSchedule(db, everyMinute);
  await requireIdle(store);
  const runs = await listRuns(db, { limit: 100_000 });
  const failed = runs.filter((run) => run.state !== 'succeeded' && !isTooSlow(run));
  assert.deepEqual(
    failed.map(({ error }) => error),
    [],
  );
  const resumed = await secondsToResume(db, killed);
  return { database: place, kills: killed, runs, minutes, resumed, seconds: (until - from) / 1000 };
}

for (const [place, open] of Object.entries(crashDatabases)) {
  test(`${killsOfEach} kills at random, ${place}: no run is lost or doubled, and all is as clean runs leave it`, async (context) => {
    rounds.push(await round(place, open));
    for (const line of tell(rounds.at(-1)!)) context.diagnostic(line);
  });
}
