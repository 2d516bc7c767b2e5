import { type Insertable, type Selectable, sql } from 'kysely';
import { type Db, type Json, schemaName } from './database.ts';
import type { Writeback } from './writeback.ts';

export interface ScheduleTable {
  writebackId: string;
  definition: Json<Readonly<Record<string, unknown>>>;
  /** When it fires next; null when it never does. */
  nextDueAt: Date | null;
  lastDueAt: Date | null;
  /** Of one that waits for the DataSet to change: the state it was in at the last look. */
  seenState: string | null;
}

export type Schedule = Selectable<ScheduleTable>;

/** Sets the writeback's schedule in place of the one it had. */
export async function saveSchedule(db: Db, schedule: Insertable<ScheduleTable>): Promise<void> {
  const { definition, nextDueAt } = schedule;
  await db
    .insertInto('schedule')
    .values(schedule)
    .onConflict((clash) =>
      clash.column('writebackId').doUpdateSet({ definition, nextDueAt: nextDueAt ?? null }),
    )
    .execute();
}

export async function findSchedule(db: Db, writebackId: string): Promise<Schedule | undefined> {
  return db.selectFrom('schedule').selectAll().where('writebackId', '=', writebackId).executeTakeFirst();
}

export async function deleteSchedule(db: Db, writebackId: string): Promise<void> {
  await db.deleteFrom('schedule').where('writebackId', '=', writebackId).execute();
}

/**
 * Takes schedules that are due, the longest due first, of writebacks that are active. Within a transaction: schedule and
 * writeback are locked until it ends, and another scheduler skips them, so each is taken once. What somebody else changes
 * right now is not waited for.
 */
export async function takeDueSchedules(db: Db, now: Date, limit: number): Promise<Schedule[]> {
  return db
    .selectFrom('schedule')
    .innerJoin('writeback', 'writeback.id', 'schedule.writebackId')
    .selectAll('schedule')
    .where('schedule.nextDueAt', '<=', now)
    .where('writeback.state', '=', 'active')
    .where('writeback.deletedAt', 'is', null)
    .orderBy('schedule.nextDueAt')
    .limit(limit)
    .forNoKeyUpdate(['schedule', 'writeback'])
    .skipLocked()
    .execute();
}

/** They have fired for the time they were due at, and are due next at another. */
export async function advanceSchedules(
  transaction: Db,
  schedules: readonly Pick<Schedule, 'writebackId' | 'nextDueAt'>[],
): Promise<void> {
  if (schedules.length === 0) return;
  const ids = schedules.map(({ writebackId }) => writebackId);
  const times = schedules.map(({ nextDueAt }) => nextDueAt?.toISOString() ?? null);
  await sql`
    update ${sql.id(schemaName, 'schedule')} as schedule
    set last_due_at = schedule.next_due_at, next_due_at = given.at
    from unnest(${ids}::text[], ${times}::timestamptz[]) as given(id, at)
    where schedule.writeback_id = given.id`.execute(transaction);
}

/** Remembers the state that a DataSet was seen in. */
export async function saveSeenState(db: Db, writebackId: string, seenState: string): Promise<void> {
  await db.updateTable('schedule').set({ seenState }).where('writebackId', '=', writebackId).execute();
}

/** The schedule, which nobody else changes until the transaction ends. */
export async function lockSchedule(transaction: Db, writebackId: string): Promise<Schedule | undefined> {
  return transaction
    .selectFrom('schedule')
    .selectAll()
    .where('writebackId', '=', writebackId)
    .forNoKeyUpdate()
    .executeTakeFirst();
}

/** A writeback as a link of a chain. */
export type Chained = Pick<Writeback, 'id' | 'name' | 'ownerId'>;

/** The writebacks that run after this one has succeeded: they name it by its id, or its owner's by its name. */
export async function followersOf(db: Db, { id, name, ownerId }: Chained): Promise<Chained[]> {
  const awaited = sql`schedule.definition ->> 'writeback'`;
  return db
    .selectFrom('schedule')
    .innerJoin('writeback', 'writeback.id', 'schedule.writebackId')
    .select(['writeback.id', 'writeback.name', 'writeback.ownerId'])
    .where(sql`schedule.definition ->> 'every'`, '=', 'success')
    .where((eb) =>
      eb.or([eb(awaited, '=', id), eb.and([eb(awaited, '=', name), eb('writeback.ownerId', '=', ownerId)])]),
    )
    .where('writeback.id', '!=', id)
    .execute();
}

/** The writebacks that this one waits for when it names them so: `followersOf` the other way round. */
export async function awaitedBy(db: Db, { id, ownerId }: Chained, named: string): Promise<Chained[]> {
  return db
    .selectFrom('writeback')
    .select(['id', 'name', 'ownerId'])
    .where('deletedAt', 'is', null)
    .where('id', '!=', id)
    .where((eb) =>
      eb.or([eb('id', '=', named), eb.and([eb('name', '=', named), eb('ownerId', '=', ownerId)])]),
    )
    .execute();
}
