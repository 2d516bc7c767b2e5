import { keepFigures } from '../../bench/results.ts';
import type { Figures } from '../../bench/figures.ts';
import { machine } from '../../bench/machine.ts';
import { median } from '../../bench/measure.ts';
import type { Db } from '../../src/store/database.ts';
import type { Run } from '../../src/store/run.ts';
import type { Interrupted, Kill } from './kill-at-random.ts';

/** What came of the kills on one kind of database. */
export interface CrashRound {
  readonly database: string;
  readonly kills: readonly Kill[];
  readonly runs: readonly Run[];
  readonly minutes: number;
  /** Seconds from the death of a worker until another had its run. */
  readonly resumed: readonly number[];
  /** Seconds that all of it took. */
  readonly seconds: number;
}

/** Seconds within which a killed worker's run is to be another's. */
const soon = 15;

/**
 * How long it took until each interrupted attempt was followed by the next, where no database was killed meanwhile: then
 * nobody could have seen that the worker was dead. A run that ended in that very moment was not interrupted.
 */
export async function secondsToResume(db: Db, kills: readonly Kill[]): Promise<number[]> {
  const deaths = kills.filter(({ victim }) => victim === 'database').map(({ at }) => at);
  const disturbed = (from: number, until: number) => deaths.some((at) => at > from - 1000 && at < until);
  const seconds: number[] = [];
  for (const { runId, attempt, at } of kills.flatMap(({ interrupted }) => interrupted)) {
    const next = await nextAttempt(db, { runId, attempt, at });
    if (next && !disturbed(at, next)) seconds.push((next - at) / 1000);
  }
  return seconds;
}

async function nextAttempt(db: Db, { runId, attempt }: Interrupted): Promise<number | undefined> {
  const row = await db
    .selectFrom('runEvent')
    .select('at')
    .where('runId', '=', runId)
    .where('attempt', '=', attempt + 1)
    .where('message', 'like', 'Attempt % began.')
    .executeTakeFirst();
  return row?.at.getTime();
}

const countOf = (kills: readonly Kill[]) =>
  [...Map.groupBy(kills, ({ victim }) => victim)]
    .map(([victim, some]) => `${some.length} of ${victim === 'database' ? 'the database' : `a ${victim}`}`)
    .join(', ');

/** How the runs ended: those that failed met a destination that did not answer in time, and said so. */
function toldOf(runs: readonly Run[]): string {
  const failed = runs.filter(({ state }) => state === 'failed').length;
  return failed === 0 ? 'all succeeded' : `${failed} met a stand-in that was too slow`;
}

/** What a round tells, a line each. */
export function tell({ kills, runs, minutes, resumed, seconds }: CrashRound): string[] {
  const again = runs.filter(({ attempt }) => attempt > 1);
  return [
    `${kills.length} kills in ${Math.round(seconds)} s: ${countOf(kills)}.`,
    `${runs.length} runs, ${runs.filter(({ cause }) => cause === 'manual').length} of them by the API; ${again.length} took more than one attempt; ${toldOf(runs)}, none was lost or doubled.`,
    `${minutes} minutes of a schedule, each seen to once.`,
    ...(resumed.length > 0
      ? [
          `${resumed.length} runs of killed workers went on elsewhere after ${median(resumed).toFixed(1)} s (median), at most ${Math.max(...resumed).toFixed(1)} s.`,
        ]
      : []),
  ];
}

/** Puts what the rounds tell among the figures of the bench. */
export function keepRounds(file: string, rounds: readonly CrashRound[]): void {
  const resumed = rounds.flatMap((round) => round.resumed);
  const longest = Math.max(...resumed);
  const kills = rounds.flatMap((round) => round.kills);
  const runs = rounds.flatMap((round) => round.runs);
  const figures: Figures = {
    title: `${kills.length} kills at random while writebacks to all destinations run`,
    rows: 0,
    bytes: 0,
    contenders: [],
    lines: [
      {
        line: `killed (${countOf(kills)}), and no run lost or doubled, each destination as after a clean run, nothing temporary left`,
        reached: `${runs.length} runs, ${runs.filter(({ attempt }) => attempt > 1).length} in more than one attempt`,
        met: true,
        share: 1,
      },
      {
        line: `the run of a killed worker goes on elsewhere within ${soon} s`,
        reached: `median ${median(resumed).toFixed(1)} s, longest ${longest.toFixed(1)} s, of ${resumed.length}`,
        met: longest <= soon,
        share: soon / longest,
      },
    ],
    missing: [],
  };
  keepFigures(file, machine(), 'crash', figures);
}
