import { setTimeout as sleep } from 'node:timers/promises';
import type { Db } from '../../src/store/database.ts';
import type { StartedService } from '../servers/started-service.ts';
import { type CrashDatabase, patiently } from './crash-database.ts';
import type { CrashService } from './crash-service.ts';

/** What is killed: each five kills are of these, in an order of their own. */
const victims = ['worker', 'worker', 'scheduler', 'api', 'database'] as const;
type Victim = (typeof victims)[number];

/** An attempt of a run whose worker was killed. */
export interface Interrupted {
  readonly runId: string;
  readonly attempt: number;
  readonly at: number;
}

/** What was killed, when, and what that interrupted. */
export interface Kill {
  readonly victim: Victim;
  readonly at: number;
  readonly interrupted: readonly Interrupted[];
}

/** Milliseconds of the longest pause between two kills. */
const longestPause = 5_000;

/** Milliseconds after which a run may be over again. */
const longestWork = 400;

function shuffled(): Victim[] {
  return victims
    .map((victim) => ({ victim, place: Math.random() }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ victim }) => victim);
}

async function worksOn(db: Db, { pid }: StartedService) {
  return patiently(() =>
    db
      .selectFrom('run')
      .select(['id as runId', 'attempt'])
      .where('state', '=', 'running')
      .where('worker', 'like', `%:${pid}`)
      .execute(),
  );
}

const oneOf = <T>(some: readonly T[]): T => some[Math.floor(Math.random() * some.length)]!;

/** A worker that works on something; with what it works on in the moment before it is killed. */
async function killWorker(db: Db, service: CrashService): Promise<Kill> {
  const worker = oneOf(service.processes('worker'));
  for (let tries = 100; tries > 0 && (await worksOn(db, worker)).length === 0; tries -= 1) await sleep(50);
  await sleep(longestWork * Math.random());
  const runs = await worksOn(db, worker);
  await service.kill('worker', worker);
  const at = Date.now();
  return { victim: 'worker', at, interrupted: runs.map((run) => ({ ...run, at })) };
}

async function killOne(database: CrashDatabase, service: CrashService, victim: Victim): Promise<Kill> {
  if (victim === 'worker') return killWorker(database.store.kysely, service);
  const at = Date.now();
  if (victim === 'database') await database.kill();
  else await service.kill(victim, oneOf(service.processes(victim)));
  return { victim, at, interrupted: [] };
}

/**
 * Kills so many processes, one after another, at random moments. A process is begun again at once, and killed again no sooner
 * than it works. The signal ends it early.
 */
export async function killAtRandom(
  database: CrashDatabase,
  service: CrashService,
  count: number,
  signal: AbortSignal,
): Promise<Kill[]> {
  const kills: Kill[] = [];
  const back: Partial<Record<Victim, Promise<unknown>>> = {};
  const order = Array.from({ length: Math.ceil(count / victims.length) }, shuffled).flat();
  for (const victim of order.slice(0, count)) {
    if (signal.aborted) break;
    await Promise.all([back[victim], sleep(longestPause * Math.random())]);
    kills.push(await killOne(database, service, victim));
    if (victim === 'database') continue;
    const starting = service.start(victim);
    back[victim] = starting;
    // Seen when it is waited for.
    starting.catch(() => {});
  }
  await Promise.all(Object.values(back));
  return kills;
}
