import type { Pool, PoolClient } from 'pg';
import { UserError } from '../errors.ts';
import { schemaName } from './database.ts';
import { type DumpHead, type DumpTail, type TableLine, dumpStore, dumpedTables } from './dump.ts';
import { codeVersion, migrate } from './migrate.ts';

/** Rows that are inserted at once, and characters after which fewer are. */
const most = { rows: 500, characters: 4_000_000 };

/** What was restored: rows by table. */
export type Restored = DumpTail['counts'];

/**
 * Restores a dump into a database that holds nothing of Writeback yet: at the schema that the dump was taken from, then
 * migrated to this release's. The rows come in one transaction, so that a dump that turns out broken leaves nothing.
 * Throws UserErrors `store-dump-…` and `store-not-empty`.
 */
export async function restoreStore(pool: Pool, lines: AsyncIterable<string>): Promise<Restored> {
  const reader = lines[Symbol.asyncIterator]();
  try {
    const { schema } = parseHead((await reader.next()).value as string | undefined);
    if (schema > (await codeVersion())) throw newerDump(schema);
    await migrate(pool, schema);
    const restored = await restoreRows(pool, schema, { [Symbol.asyncIterator]: () => reader });
    await migrate(pool);
    return restored;
  } finally {
    await reader.return?.();
  }
}

/** Carries all from one database to another, which must be empty: an embedded installation to a PostgreSQL of one's own. */
export async function moveStore(from: Pool, to: Pool): Promise<Restored> {
  return restoreStore(to, dumpStore(from));
}

function newerDump(schema: number): UserError {
  return new UserError('store-dump-newer', `The dump was taken by a newer release (schema ${schema}).`, {
    remedy: 'Restore it with that release.',
  });
}

function brokenDump(message: string, cause?: unknown): UserError {
  return new UserError('store-dump-broken', `The dump is broken: ${message}.`, {
    remedy: 'Take a new one; nothing was restored from this.',
    cause,
  });
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw brokenDump('a line of it is not whole', error);
  }
}

function parseHead(line: string | undefined): DumpHead {
  const head = (line === undefined ? {} : parse(line)) as Partial<DumpHead> | null;
  if (head?.writeback === 'dump' && head.format === 1 && Number.isInteger(head.schema))
    return head as DumpHead;
  throw new UserError('store-dump-unknown', 'This is not a dump of Writeback.', {
    remedy: 'Give a file that "writeback db dump" has written.',
  });
}

async function restoreRows(pool: Pool, schema: number, lines: AsyncIterable<string>): Promise<Restored> {
  const client = await pool.connect();
  let whole = false;
  try {
    await client.query('begin');
    await client.query(`set local search_path = ${schemaName}`);
    await requireEmpty(client, schema);
    const { found, told } = await insertAll(client, lines);
    requireCounts(found, told);
    await continueCounters(client);
    await client.query('commit');
    whole = true;
    return found;
  } finally {
    // A connection that is not given back in order is closed, and its transaction with it.
    client.release(!whole);
  }
}

/** An older schema lacks what came later. */
async function tablesOf(client: PoolClient): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    'select tablename as name from pg_tables where schemaname = $1',
    [schemaName],
  );
  const there = new Set(rows.map(({ name }) => name));
  return dumpedTables.filter((table) => there.has(table));
}

async function requireEmpty(client: PoolClient, schema: number): Promise<void> {
  const { rows } = await client.query<{ number: number }>('select max(number) as number from migration');
  const used = (await tablesOf(client)).map((table) => `exists (select from ${table})`).join(' or ');
  const { rows: full } = await client.query<{ used: boolean }>(`select ${used} as used`);
  if (rows[0]?.number === schema && full[0]?.used === false) return;
  throw new UserError('store-not-empty', 'The database to restore into already belongs to an installation.', {
    remedy: 'Give an empty database.',
  });
}

/** Whether a line is one of ours and not a row: no table has a column of these names alone. */
const isTable = (line: string) => line.startsWith('{"table":');
const isTail = (line: string) => line.startsWith('{"counts":');

async function insertAll(client: PoolClient, lines: AsyncIterable<string>) {
  const found: Record<string, number> = {};
  let table: string | undefined;
  let rows: string[] = [];
  let characters = 0;
  const flush = async () => {
    if (rows.length > 0) await insertRows(client, table, rows);
    [rows, characters] = [[], 0];
  };
  for await (const line of lines) {
    if (isTail(line)) {
      await flush();
      return { found, told: (parse(line) as DumpTail).counts };
    }
    if (isTable(line)) {
      await flush();
      table = (parse(line) as TableLine).table;
      found[table] = 0;
      continue;
    }
    rows.push(line);
    characters += line.length;
    found[table ?? ''] = (found[table ?? ''] ?? 0) + 1;
    if (rows.length === most.rows || characters > most.characters) await flush();
  }
  throw brokenDump('its end is missing');
}

/** The rows' text goes through unparsed: JavaScript would round what it cannot hold. */
async function insertRows(client: PoolClient, table: string | undefined, rows: string[]): Promise<void> {
  const name = dumpedTables.find((known) => known === table);
  if (!name) throw brokenDump(`it has a table "${table ?? ''}"`);
  try {
    await client.query(
      `insert into ${name} select * from jsonb_populate_recordset(null::${name}, $1::jsonb)`,
      [`[${rows.join(',')}]`],
    );
  } catch (error) {
    // 22…: a value that is none of its column; 23…: a constraint.
    if (!/^2[23]/.test((error as { code?: string }).code ?? '')) throw error;
    throw brokenDump(`rows of "${name}" are not acceptable (${(error as Error).message})`, error);
  }
}

function requireCounts(found: Restored, told: Restored): void {
  const wrong = dumpedTables.find((table) => (found[table] ?? 0) !== (told[table] ?? 0));
  if (!wrong) return;
  throw brokenDump(`it should have ${told[wrong]} rows of "${wrong}" and has ${found[wrong] ?? 0}`);
}

/** Identity columns go on after the rows that came with their numbers. */
async function continueCounters(client: PoolClient): Promise<void> {
  const tables = await tablesOf(client);
  for (const table of ['run_event', 'alert'].filter((name) => tables.includes(name))) {
    await client.query(
      `select setval(pg_get_serial_sequence('${table}', 'id'), (select coalesce(max(id), 0) + 1 from ${table}), false)`,
    );
  }
}
