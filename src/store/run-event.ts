import type { Generated, Insertable, Selectable } from 'kysely';
import type { Db, DefaultJson } from './database.ts';

export interface RunEventTable {
  /** Grows; what a reader saw last is where it goes on. */
  id: Generated<number>;
  runId: string;
  attempt: number;
  at: Generated<Date>;
  kind: 'state' | 'progress' | 'log';
  /** Of a line of the log. */
  level: 'debug' | 'info' | 'warn' | 'error' | null;
  /** Redacted already. */
  message: string;
  /** How far the run is. */
  rows: number | null;
  bytes: number | null;
  fields: DefaultJson<Readonly<Record<string, unknown>>>;
}

export type RunEvent = Selectable<RunEventTable>;

export async function insertRunEvents(db: Db, events: readonly Insertable<RunEventTable>[]): Promise<void> {
  if (events.length > 0) await db.insertInto('runEvent').values(events).execute();
}

/** The lines after `after` (0 for all), in order. */
export async function runEventsAfter(
  db: Db,
  runId: string,
  after: number,
  limit: number,
): Promise<RunEvent[]> {
  return db
    .selectFrom('runEvent')
    .selectAll()
    .where('runId', '=', runId)
    .where('id', '>', after)
    .orderBy('id')
    .limit(limit)
    .execute();
}

/** How many lines the log of a run has. */
export async function countLogLines(db: Db, runId: string): Promise<number> {
  const { count } = await db
    .selectFrom('runEvent')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('runId', '=', runId)
    .where('kind', '=', 'log')
    .executeTakeFirstOrThrow();
  return count;
}

/** Removes what told how far a run was: once it is over, its end tells it. */
export async function deleteProgress(db: Db, runId: string): Promise<void> {
  await db.deleteFrom('runEvent').where('runId', '=', runId).where('kind', '=', 'progress').execute();
}
