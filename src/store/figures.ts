import { sql } from 'kysely';
import type { Db } from './database.ts';

/** How the installation is doing, for whoever watches it. */
export interface Figures {
  readonly queuedRuns: number;
  readonly runningRuns: number;
  /** Seconds that the oldest queued run waits. */
  readonly longestWait: number;
  /** Seconds that the schedule which is longest due waits to be fired. */
  readonly scheduleLag: number;
  readonly activeWritebacks: number;
  readonly pausedWritebacks: number;
}

/** Asks for all of them at once; only what is live is counted, so that the length of the history does not matter. */
export async function readFigures(db: Db): Promise<Figures> {
  const { rows } = await sql<Figures>`
    select
      (select count(*)::int from writeback.run where state = 'queued') as "queuedRuns",
      (select count(*)::int from writeback.run where state = 'running') as "runningRuns",
      (select coalesce(extract(epoch from now() - min(queued_at)), 0)::float8
        from writeback.run where state = 'queued') as "longestWait",
      (select coalesce(greatest(extract(epoch from now() - min(s.next_due_at)), 0), 0)::float8
        from writeback.schedule s join writeback.writeback w on w.id = s.writeback_id
        where w.state = 'active' and w.deleted_at is null) as "scheduleLag",
      (select count(*)::int from writeback.writeback where state = 'active' and deleted_at is null) as "activeWritebacks",
      (select count(*)::int from writeback.writeback where state = 'paused' and deleted_at is null) as "pausedWritebacks"
  `.execute(db);
  return rows[0]!;
}
