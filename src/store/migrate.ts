import { readFile, readdir } from 'node:fs/promises';
import type { Pool, PoolClient } from 'pg';
import { UserError } from '../errors.ts';
import { schemaName } from './database.ts';

/**
 * Migrations are numbered SQL files, applied once each, in order, and never edited afterwards. They run while workers of
 * the release before still work, so they follow *expand, then contract*: a release first adds (a column with a default,
 * a table, an index) and its code uses it; only a later release removes what no code needs any more. The first line of
 * each file tells which code may go on: `-- works with: N` means code whose newest migration is N or later. An expanding
 * migration repeats the number of the one before; a contracting one raises it, and older processes stop with a clear
 * sentence (`requireFittingSchema`).
 */
interface Migration {
  readonly number: number;
  readonly name: string;
  readonly worksWith: number;
  readonly sql: string;
}

/** Any constant: whoever migrates holds it until the end of the transaction. */
const migrationLock = 7_391_002;

const folder = new URL('migrations/', import.meta.url);

let known: Promise<readonly Migration[]> | undefined;

/** The migrations beside this file, read once: the fence asks for them before each piece of work. */
function knownMigrations(): Promise<readonly Migration[]> {
  known ??= readMigrations();
  return known;
}

async function readMigrations(): Promise<Migration[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).toSorted();
  return Promise.all(
    names.map(async (name) => {
      const sql = await readFile(new URL(name, folder), 'utf8');
      const worksWith = Number(/^-- works with: (\d+)\n/.exec(sql)?.[1]);
      return { number: Number.parseInt(name, 10), name, worksWith, sql };
    }),
  );
}

/** What a database says about itself: its newest migration, and the oldest code that may work on it. */
export interface SchemaState {
  readonly number: number;
  readonly worksWith: number;
}

/** The number of this code's newest migration. */
export async function codeVersion(): Promise<number> {
  return Math.max(...(await knownMigrations()).map(({ number }) => number));
}

/** Undefined when Writeback has never used this database. */
export async function readSchemaState(db: Pick<Pool, 'query'>): Promise<SchemaState | undefined> {
  const known = await db.query(`select to_regclass('${schemaName}.migration') as found`);
  if ((known.rows[0] as { found: string | null }).found === null) return undefined;
  const { rows } = await db.query<SchemaState>(
    `select max(number) as number, max(works_with) as "worksWith" from ${schemaName}.migration`,
  );
  return rows[0];
}

/**
 * The fence: throws a UserError `store-newer-schema` when this process is too old for the database. To be asked at the
 * start and before each piece of work, because a newer release may migrate while an old process works.
 */
export async function requireFittingSchema(db: Pick<Pool, 'query'>, code?: number): Promise<void> {
  const version = code ?? (await codeVersion());
  const state = await readSchemaState(db);
  if (!state || version >= state.worksWith) return;
  throw new UserError(
    'store-newer-schema',
    `The database belongs to a newer release of Writeback (its schema is ${state.number} and works with ${state.worksWith} and later; this release has ${version}).`,
    { remedy: 'Install the newer release here too, then start again.' },
  );
}

/**
 * Brings the database to this code's schema, or to an older one (`to`). Of many processes that start at once one does
 * the work; the others wait and find it done. All in one transaction: it is done whole or not at all. A table that is
 * in use for long is not waited for (`55P03`): queries queueing behind us would stop the workers.
 */
export async function migrate(pool: Pool, to?: number): Promise<void> {
  await requireFittingSchema(pool);
  const migrations = (await knownMigrations()).filter(({ number }) => number <= (to ?? Infinity));
  const state = await readSchemaState(pool);
  if (state && state.number >= Math.max(...migrations.map(({ number }) => number))) return;
  const client = await pool.connect();
  try {
    await client.query('begin');
    await client.query('select pg_advisory_xact_lock($1)', [migrationLock]);
    await applyMissing(client, migrations);
    await client.query('commit');
    client.release();
  } catch (error) {
    await client.query('rollback').catch(() => {});
    client.release(true);
    throw error;
  }
}

async function applyMissing(client: PoolClient, migrations: readonly Migration[]): Promise<void> {
  await client.query(`set local lock_timeout = '5s'`);
  await client.query(`create schema if not exists ${schemaName}`);
  await client.query(`set local search_path = ${schemaName}`);
  await client.query(
    `create table if not exists migration (number integer primary key, name text not null, works_with integer not null, applied_at timestamptz not null default now())`,
  );
  const { rows } = await client.query<{ number: number }>('select number from migration');
  const applied = new Set(rows.map(({ number }) => number));
  for (const { number, name, worksWith, sql } of migrations) {
    if (applied.has(number)) continue;
    await client.query(sql);
    await client.query('insert into migration (number, name, works_with) values ($1, $2, $3)', [
      number,
      name,
      worksWith,
    ]);
  }
}
