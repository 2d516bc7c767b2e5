import { type Generated, type Insertable, type Selectable, type Updateable } from 'kysely';
import type { Db, DefaultJson } from './database.ts';

/** What there is to tell of a writeback. */
export type AlertKind = 'failed' | 'recovered' | 'no-data' | 'rejected-rows' | 'no-update' | 'paused';

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

/** Those that wait to be sent, the oldest first. Within a transaction: nobody else sends them until it ends. */
export async function takeDueAlerts(db: Db, now: Date, limit: number): Promise<Alert[]> {
  return db
    .selectFrom('alert')
    .selectAll()
    .where('nextTryAt', '<=', now)
    .orderBy('nextTryAt')
    .limit(limit)
    .forUpdate()
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
