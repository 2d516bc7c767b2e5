import type { Generated } from 'kysely';
import type { Db } from './database.ts';

/** One row: what all processes of an installation must agree on. */
export interface InstallationTable {
  onlyOne: Generated<boolean>;
  /** The id of the master key that seals what is new. */
  masterKey: string;
  createdAt: Generated<Date>;
}

/** Undefined before the first start is over. */
export async function registeredKey(db: Db): Promise<string | undefined> {
  const row = await db.selectFrom('installation').select('masterKey').executeTakeFirst();
  return row?.masterKey;
}

/** Registers a master key unless there is one; gives the one that is registered. */
export async function registerKey(db: Db, id: string): Promise<string> {
  await db
    .insertInto('installation')
    .values({ masterKey: id })
    .onConflict((clash) => clash.column('onlyOne').doNothing())
    .execute();
  return (await registeredKey(db))!;
}

/** Registers a new master key in place of the one before. */
export async function replaceKey(db: Db, id: string): Promise<void> {
  await db
    .insertInto('installation')
    .values({ masterKey: id })
    .onConflict((clash) => clash.column('onlyOne').doUpdateSet({ masterKey: id }))
    .execute();
}
