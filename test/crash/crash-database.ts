import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { TemporaryError } from '../../src/errors.ts';
import { postmasterPid } from '../../src/store/embedded/postmaster-file.ts';
import { explainStoreError } from '../../src/store/explain-store-error.ts';
import type { Store } from '../../src/store/open.ts';
import { startPostgres } from '../servers/postgres.ts';
import { dataFolder, openTestStore } from '../servers/store-places.ts';

/** A database that can be killed, and how a process of the service finds it. */
export interface CrashDatabase {
  readonly store: Store;
  readonly dataFolder: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Kills the server's first process; resolves when it answers again, somebody having brought it back. */
  kill(): Promise<void>;
  /** To be called after the last process of the service is gone. */
  close(): Promise<void>;
}

/** A query that the database does not answer just now is asked again. */
export async function patiently<T>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!(explainStoreError(error) instanceof TemporaryError)) throw error;
      await sleep(100);
    }
  }
}

/** The processes that use an embedded server bring it back themselves. */
async function embedded(): Promise<CrashDatabase> {
  const folder = await dataFolder();
  const store = await openTestStore({ dataFolder: folder });
  const data = join(folder, 'postgres/data');
  return {
    store,
    dataFolder: folder,
    environment: { WRITEBACK_DATA: folder },
    async kill() {
      const pid = await postmasterPid(data);
      if (pid !== undefined) process.kill(pid, 'SIGKILL');
      while ([pid, undefined].includes(await postmasterPid(data))) await sleep(20);
      await patiently(() => store.pool.query('select 1'));
    },
    close: async () => {},
  };
}

/** An operator's server is brought back by what supervises it: here, the test. */
async function own(): Promise<CrashDatabase> {
  const postgres = await startPostgres();
  const databaseUrl = await postgres.createDatabase();
  const folder = await dataFolder();
  const store = await openTestStore({ dataFolder: folder, databaseUrl });
  return {
    store,
    dataFolder: folder,
    environment: { WRITEBACK_DATA: folder, DATABASE_URL: databaseUrl },
    async kill() {
      await postgres.crash();
      await patiently(() => store.pool.query('select 1'));
    },
    close: () => postgres.stop(),
  };
}

/** Both ways to have a database, each with a server of its own: one that others use is not killed. */
export const crashDatabases: Readonly<Record<string, () => Promise<CrashDatabase>>> = {
  'embedded server': embedded,
  ...(process.env['DATABASE_TEST_URL'] === undefined && { 'own PostgreSQL': own }),
};
