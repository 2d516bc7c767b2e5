import { type Generated, type Insertable, type Selectable, type Updateable, sql } from 'kysely';
import type { alertKinds } from '../contract/alerts.ts';
import { type Db, type DefaultJson, schemaName } from './database.ts';
import type { WritebackVersion } from './writeback-version.ts';

export type AlertKind = (typeof alertKinds)[number];

export interface AlertTable {
  id: Generated<number>;
  writebackId: string;
  /** The run that it tells of; none when it is that no run came. */
  runId: string | null;
  kind: AlertKind;
  /** A sentence for people, without secrets. */
  message: string;
  createdAt: Generated<Date>;
  /** When each channel got it, by the channel's id. */
  sent: DefaultJson<Readonly<Record<string, string>>>;
  tries: Generated<number>;
  /** Null once every channel has it, or it was given up. */
  nextTryAt: Generated<Date | null>;
  lastError: string | null;
}

export type Alert = Selectable<AlertTable>;

/** In the transaction of what it tells of. */
export async function insertAlerts(db: Db, alerts: readonly Insertable<AlertTable>[]): Promise<void> {
  if (alerts.length > 0) await db.insertInto('alert').values(alerts).execute();
}

/** An alert with what its writeback says today about who is told. */
export interface DueAlert extends Alert {
  readonly definition: WritebackVersion['definition'] | null;
}

/** Those that wait to be sent, the oldest first. Within a transaction: nobody else sends them until it ends. */
export async function takeDueAlerts(db: Db, now: Date, limit: number): Promise<DueAlert[]> {
  return db
    .selectFrom('alert')
    .leftJoin('writeback', 'writeback.id', 'alert.writebackId')
    .leftJoin('writebackVersion', (join) =>
      join
        .onRef('writebackVersion.writebackId', '=', 'writeback.id')
        .onRef('writebackVersion.version', '=', 'writeback.version'),
    )
    .selectAll('alert')
    .select('writebackVersion.definition')
    .where('nextTryAt', '<=', now)
    .orderBy('nextTryAt')
    .orderBy('alert.id')
    .limit(limit)
    .forUpdate('alert')
    .skipLocked()
    .execute();
}

export async function changeAlert(db: Db, id: number, change: Updateable<AlertTable>): Promise<void> {
  await db.updateTable('alert').set(change).where('id', '=', id).execute();
}

/** The newest first. */
export async function listAlerts(db: Db, writebackId: string): Promise<Alert[]> {
  return db
    .selectFrom('alert')
    .selectAll()
    .where('writebackId', '=', writebackId)
    .orderBy('id', 'desc')
    .execute();
}

/** Any constant: of two schedulers one looks. */
const noUpdateLock = 7_391_004;

/**
 * Writes an alert for each active writeback that has not run successfully for as many hours as its `noUpdateHours` say, and
 * has none since its last success. Gives how many.
 */
export async function insertNoUpdateAlerts(db: Db, now: Date): Promise<number> {
  const table = (name: string) => sql.id(schemaName, name);
  return db.transaction().execute(async (transaction) => {
    await sql`select pg_advisory_xact_lock(${noUpdateLock})`.execute(transaction);
    const { numAffectedRows } = await sql`
      insert into ${table('alert')} (writeback_id, kind, message, created_at, next_try_at)
      select late.id, 'no-update',
        '“' || late.name || '” has not been updated for ' || late.hours || ' hours.', ${now}, ${now}
      from (
        select writeback.id, writeback.name, (version.definition ->> 'noUpdateHours')::integer as hours,
          coalesce(success.at, writeback.created_at) as since
        from ${table('writeback')} as writeback
        join ${table('writeback_version')} as version
          on version.writeback_id = writeback.id and version.version = writeback.version
        left join lateral (
          select finished_at as at from ${table('run')} as run
          where run.writeback_id = writeback.id and state = 'succeeded' and not dry_run
          order by number desc limit 1
        ) as success on true
        where version.definition ? 'noUpdateHours' and state = 'active' and deleted_at is null
      ) as late
      where late.since < ${now}::timestamptz - make_interval(hours => late.hours)
        and not exists (
          select from ${table('alert')} as alert
          where alert.writeback_id = late.id and kind = 'no-update' and created_at > late.since
        )`.execute(transaction);
    return Number(numAffectedRows ?? 0);
  });
}

/** Removes what was told, or given up, before a time. */
export async function deleteAlertsBefore(db: Db, time: Date): Promise<void> {
  await db.deleteFrom('alert').where('createdAt', '<', time).where('nextTryAt', 'is', null).execute();
}
