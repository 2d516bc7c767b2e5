import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { type Log, createLog } from '../../src/log.ts';
import { type Store, type StorePlace, openStore } from '../../src/store/open.ts';
import { type OwnPostgres, startPostgres } from './postgres.ts';

/** Nothing of a database's log matters to a test that passes. */
export const quiet: Log = createLog(() => {});

/** A signal that never comes. */
export const never = new AbortController().signal;

/** What was begun last is ended first: a server before its folder. */
const ends: (() => Promise<unknown>)[] = [];
after(async () => {
  for (const end of ends.toReversed()) await end();
});

/** An empty data folder that another user may pass through, removed at the end of the test file. */
export async function dataFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'writeback-data-'));
  await chmod(folder, 0o711);
  ends.push(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

let own: Promise<OwnPostgres> | undefined;

async function ownDatabase(): Promise<string> {
  if (!own) {
    own = startPostgres();
    ends.unshift(async () => (await own)?.stop());
  }
  return (await own).createDatabase();
}

/** The two ways to have a database; each call makes a new, empty one. */
export const storePlaces: Readonly<Record<string, () => Promise<StorePlace>>> = {
  'embedded server': async () => ({ dataFolder: await dataFolder() }),
  'own PostgreSQL': async () => ({ dataFolder: '/nowhere', databaseUrl: await ownDatabase() }),
};

/** An open store, closed at the end of the test file. */
export async function openTestStore(place: StorePlace): Promise<Store> {
  const store = await openStore(place, quiet, never);
  ends.push(() => store.close());
  return store;
}

/** An open store of each kind. To be awaited before the first test of a file is declared: what is declared runs at once. */
export async function openBothStores(): Promise<{ readonly name: string; readonly store: Store }[]> {
  return Promise.all(
    Object.entries(storePlaces).map(async ([name, create]) => ({
      name,
      store: await openTestStore(await create()),
    })),
  );
}
