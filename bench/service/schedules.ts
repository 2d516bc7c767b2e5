import { sql } from 'kysely';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Judged } from '../figures.ts';
import { percentile, within } from './time-limits.ts';
import type { Place } from './data-place.ts';

/** Zones in which the schedules of the bench are kept: all different enough that each has to be worked out. */
const zones = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'Asia/Tokyo',
  'Australia/Lord_Howe',
  'Asia/Kolkata',
];

/** Saves so many writebacks, and runs of theirs that are over. */
export async function saveMany({ db, ownerId }: Place, writebacks: number, runs: number): Promise<void> {
  const definition = JSON.stringify({
    name: 'Sales',
    source: { kind: 'local', datasetId: 'dataset_none' },
    connector: 'folder',
    details: { fileName: 'sales' },
  });
  await sql`insert into writeback.writeback (id, name, owner_id, connector, version)
    select 'writeback_' || lpad(n::text, 32, '0'), 'Sales ' || n, ${ownerId}, 'folder', 1
    from generate_series(1, ${writebacks}::int) n`.execute(db);
  await sql`insert into writeback.writeback_version (writeback_id, version, definition, changed_by)
    select id, 1, ${definition}::jsonb, ${ownerId} from writeback.writeback`.execute(db);
  const receipt = JSON.stringify({ connector: 'folder', location: '/out/sales.csv', rowsWritten: 1000 });
  await sql`insert into writeback.run
      (id, writeback_id, version, number, state, cause, attempt, queued_at, started_at, finished_at, rows_read, rows_written, receipt)
    select 'run_' || lpad(n::text, 32, '0'), 'writeback_' || lpad((1 + n % ${writebacks}::int)::text, 32, '0'), 1, 1 + n / ${writebacks}::int,
      case when n % 20 = 0 then 'failed' else 'succeeded' end, 'manual', 1, at, at, at, 1000, 1000, ${receipt}::jsonb
    from generate_series(1, ${runs}::int) n, lateral (select now() - (${runs}::int - n) * interval '1 minute' as at)`.execute(
    db,
  );
  await sql`update writeback.writeback set last_run_number = 1 + ${runs}::int / ${writebacks}::int`.execute(
    db,
  );
  await sql`analyze writeback.writeback, writeback.run`.execute(db);
}

/** Makes all of them due at one moment, as at midnight. */
async function scheduleAll({ db }: Place, at: Date): Promise<void> {
  await sql`insert into writeback.schedule (writeback_id, definition, next_due_at)
    select id, jsonb_build_object('every', 'day', 'interval', 1 + n % 30, 'at', lpad((n % 24)::text, 2, '0') || ':30',
      'timeZone', (${zones}::text[])[1 + n % ${zones.length}::int]), ${at}
    from (select id, row_number() over () as n from writeback.writeback) as numbered`.execute(db);
}

/** How many runs there are by schedules. */
async function countFired({ db }: Place): Promise<number> {
  const { count } = await db
    .selectFrom('run')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('cause', '=', 'schedule')
    .executeTakeFirstOrThrow();
  return count;
}

/** Milliseconds between two looks; and after which nothing more is waited for. */
const [pause, patience] = [50, 60_000];

/** How late the runs of schedules are there to be worked on, that are all due at one moment. Nobody works on them. */
export async function fireAll(place: Place, count: number): Promise<Judged[]> {
  const due = Date.now() + 10_000;
  await scheduleAll(place, new Date(due));
  const late: number[] = [];
  while (late.length < count && Date.now() < due + patience) {
    await sleep(pause);
    const [seen, seconds] = [await countFired(place), (Date.now() - due) / 1000];
    while (late.length < seen) late.push(seconds);
  }
  const what = `${count.toLocaleString('en')} schedules due at one moment, each fires once`;
  const all = late.length === count ? late : [...late, Infinity];
  return [
    within(`${what}: p99`, percentile(all, 0.99), 5, 's'),
    within(`${what}: the last`, Math.max(...all), 5, 's'),
  ];
}
