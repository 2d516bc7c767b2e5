import type { Generated, Selectable } from 'kysely';
import type { Db } from './database.ts';

/** How a channel fares that has failed: one that works has no row. */
export interface ChannelHealthTable {
  /** Of a saved channel, or of one that a process's environment names. */
  channelId: string;
  /** In a row. */
  failures: number;
  /** Nothing is sent to it before. */
  restsUntil: Date;
  /** A sentence for people, without secrets. */
  lastError: string;
  failedAt: Generated<Date>;
}

export type ChannelHealth = Selectable<ChannelHealthTable>;

/** By the id of the channel. */
export async function listChannelHealth(db: Db): Promise<ReadonlyMap<string, ChannelHealth>> {
  const rows = await db.selectFrom('channelHealth').selectAll().execute();
  return new Map(rows.map((row) => [row.channelId, row]));
}

export async function keepChannelFailure(db: Db, failure: Omit<ChannelHealth, 'failedAt'>): Promise<void> {
  const row = { ...failure, failedAt: new Date() };
  await db
    .insertInto('channelHealth')
    .values(row)
    .onConflict((clash) => clash.column('channelId').doUpdateSet(row))
    .execute();
}

/** It works, or is gone. */
export async function forgetChannelFailures(db: Db, channelId: string): Promise<void> {
  await db.deleteFrom('channelHealth').where('channelId', '=', channelId).execute();
}

/** Of a channel that no process's environment names any more, nobody is told that it works again. */
export async function deleteChannelHealthBefore(db: Db, time: Date): Promise<void> {
  await db.deleteFrom('channelHealth').where('failedAt', '<', time).execute();
}
