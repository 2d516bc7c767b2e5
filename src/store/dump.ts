import type { Pool, PoolClient } from 'pg';
import { UserError } from '../errors.ts';
import { schemaName } from './database.ts';
import { readSchemaState } from './migrate.ts';

/**
 * A dump is JSON Lines, UTF-8: a head; for each table its name and then its rows, each as PostgreSQL writes it
 * (`to_jsonb`: times with microseconds, bytes as `\x…`, whole numbers of any size); a tail with the counts. The queue is
 * not in it: whoever works on the restored database finds the runs that are queued and sends them anew.
 */
export interface DumpHead {
  readonly writeback: 'dump';
  readonly format: 1;
  /** The newest migration of the database it was taken from. */
  readonly schema: number;
  readonly takenAt: string;
}

/** The line before a table's rows. */
export interface TableLine {
  readonly table: string;
}

/** The last line: a dump without it was cut short. */
export interface DumpTail {
  readonly counts: Readonly<Record<string, number>>;
}

/** All tables, those that others refer to first. */
export const dumpedTables = [
  'installation',
  'person',
  'session',
  'api_key',
  'idempotency_key',
  'account',
  'account_share',
  'local_dataset',
  'writeback',
  'writeback_version',
  'schedule',
  'run',
  'part',
  'run_event',
  'alert',
  'alert_channel',
  'channel_health',
  'rejected_row',
  'rejected_dataset',
  'output_row',
  'published_output',
  'audit',
] as const;

/** Rows that are fetched at once. */
const page = 500;

/**
 * All of the database as lines without line ends, at one moment: other work goes on meanwhile and is not in it. Secrets
 * stay sealed; without the master key a dump opens none. Throws a UserError `store-empty` when there is nothing to dump.
 */
export async function* dumpStore(pool: Pool): AsyncGenerator<string> {
  const client = await pool.connect();
  let whole = false;
  try {
    await client.query('begin isolation level repeatable read read only');
    yield* dumpIn(client);
    await client.query('commit');
    whole = true;
  } finally {
    client.release(!whole);
  }
}

async function* dumpIn(client: PoolClient): AsyncGenerator<string> {
  const state = await readSchemaState(client);
  if (!state) throw new UserError('store-empty', 'There is no database of Writeback to dump.');
  const takenAt = new Date().toISOString();
  yield JSON.stringify({ writeback: 'dump', format: 1, schema: state.number, takenAt } satisfies DumpHead);
  const counts: Record<string, number> = {};
  for (const table of dumpedTables) {
    yield JSON.stringify({ table } satisfies TableLine);
    counts[table] = 0;
    for await (const row of rowsOf(client, table)) {
      counts[table]++;
      yield row;
    }
  }
  yield JSON.stringify({ counts } satisfies DumpTail);
}

/** A cursor, so that memory does not depend on the table's size. */
async function* rowsOf(client: PoolClient, table: string): AsyncGenerator<string> {
  await client.query(
    `declare dump no scroll cursor for select to_jsonb(one)::text as row from ${schemaName}.${table} as one`,
  );
  for (;;) {
    const { rows } = await client.query<{ row: string }>(`fetch ${page} from dump`);
    for (const { row } of rows) yield row;
    if (rows.length < page) break;
  }
  await client.query('close dump');
}
