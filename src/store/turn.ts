import { sql } from 'kysely';
import type { Db } from './database.ts';

/** What of an account is in the queue. */
export interface Turn {
  /** Empty for work of no account. */
  readonly account: string;
  /** Of the account's last piece of work that waits or is worked on. */
  readonly last: number;
  /** Of the furthest that is worked on. */
  readonly begun: number | null;
  /** Of the first that waits and may begin. */
  readonly next: number | null;
}

/** The turns that are taken in a queue of pg-boss's; a turn is the negative of its priority. */
export async function turnsTaken(db: Db, queue: string): Promise<readonly Turn[]> {
  const { rows } = await sql<Turn>`
    select coalesce(group_id, '') as account, max(-priority) as last,
      max(-priority) filter (where state = 'active') as begun,
      min(-priority) filter (where state < 'active' and start_after <= now()) as next
    from pgboss.job where name = ${queue} and state <= 'active' group by 1`.execute(db);
  return rows;
}
