import type { ConstructorOptions } from 'pg-boss';
import type { Pool, PoolConfig } from 'pg';
import { UserError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Db } from './database.ts';
import { explainStoreError } from './explain-store-error.ts';
import { migrate } from './migrate.ts';
import { createPool, kyselyOver, onConnect } from './pool.ts';

/** Where the database is. */
export interface StorePlace {
  /** A PostgreSQL of the operator's own; without it the embedded one runs in `dataFolder`. */
  readonly databaseUrl?: string | undefined;
  readonly dataFolder: string;
}

/** An open database, migrated to this release. */
export interface Store {
  readonly kysely: Db;
  readonly pool: Pool;
  /** For the queue, which keeps connections of its own: sending a job waits for one while a transaction holds another. */
  readonly bossOptions: ConstructorOptions;
  /** Ends all connections; the embedded server is stopped when nobody else uses it. To be called after the queue has stopped. */
  close(): Promise<void>;
}

/** The oldest PostgreSQL that the queries here run on. */
const oldestServer = 14;

/** A database as it was found. */
export interface FoundDatabase extends Pick<Store, 'pool' | 'close'> {
  readonly connection: ConstructorOptions & PoolConfig;
}

/**
 * Opens the database as it is, of whatever schema: for what dumps and restores. Is the only place that knows whether it is
 * embedded. Throws UserErrors `store-…` for what a person must mend (sign-in, permission, another version's data folder)
 * and TemporaryErrors `store-unreachable` and the like for what passes.
 */
export async function openDatabase(place: StorePlace, log: Log, signal: AbortSignal): Promise<FoundDatabase> {
  const { connection, ...server } = await openServer(place, log, signal);
  const pool = createPool(connection, log);
  const close = async () => {
    await pool.end();
    await server.close();
  };
  try {
    await requireServer(pool);
  } catch (error) {
    await close();
    throw explainStoreError(error);
  }
  return { pool, connection, close };
}

/** Opens the database, migrated to this release. Throws what `openDatabase` throws, and a UserError for a newer schema. */
export async function openStore(place: StorePlace, log: Log, signal: AbortSignal): Promise<Store> {
  const { pool, connection, close } = await openDatabase(place, log, signal);
  try {
    await migrate(pool);
  } catch (error) {
    await close();
    throw explainStoreError(error);
  }
  const bossOptions = { ...connection, onConnect, application_name: 'writeback queue', schema: 'pgboss' };
  return { kysely: kyselyOver(pool), pool, bossOptions, close };
}

async function openServer({ databaseUrl, dataFolder }: StorePlace, log: Log, signal: AbortSignal) {
  if (databaseUrl) {
    log.hide(passwordIn(databaseUrl));
    return { connection: { connectionString: databaseUrl }, close: async () => {} };
  }
  const { openEmbeddedServer } = await import('./embedded/embedded-server.ts');
  return openEmbeddedServer(dataFolder, log, signal);
}

/** Throws a UserError `store-url`, without the address, for what is none: it may be a password that slipped. */
function passwordIn(databaseUrl: string): string {
  const url = URL.canParse(databaseUrl) ? new URL(databaseUrl) : undefined;
  if (url && /^postgres(ql)?:$/.test(url.protocol)) return decodeURIComponent(url.password);
  throw new UserError('store-url', 'DATABASE_URL is not the address of a PostgreSQL.', {
    remedy: 'Write it as postgres://user:password@host:5432/database.',
  });
}

async function requireServer(pool: Pool): Promise<void> {
  const { rows } = await pool.query<{ version: string }>(
    `select current_setting('server_version_num') as version`,
  );
  const major = Math.floor(Number(rows[0]?.version) / 10_000);
  if (major >= oldestServer) return;
  throw new UserError(
    'store-old-server',
    `The database is PostgreSQL ${major}; Writeback needs ${oldestServer}.`,
    {
      remedy: `Upgrade the server, or name another in DATABASE_URL.`,
    },
  );
}
