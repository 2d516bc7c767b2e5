import type { Selectable } from 'kysely';
import type { accessLevels } from '../contract/accounts.ts';
import type { Db } from './database.ts';

/** Owner, Can Edit, Can Share, Can Read; no row is No Access. */
export type Access = Exclude<(typeof accessLevels)[number], 'none'>;

export interface AccountShareTable {
  accountId: string;
  personId: string;
  access: Access;
}

export type AccountShare = Selectable<AccountShareTable>;

export async function findAccess(db: Db, accountId: string, personId: string): Promise<Access | undefined> {
  const row = await db
    .selectFrom('accountShare')
    .select('access')
    .where('accountId', '=', accountId)
    .where('personId', '=', personId)
    .executeTakeFirst();
  return row?.access;
}

export async function listShares(db: Db, accountId: string): Promise<AccountShare[]> {
  return db
    .selectFrom('accountShare')
    .selectAll()
    .where('accountId', '=', accountId)
    .orderBy('personId')
    .execute();
}

/** Gives access, or another than before. */
export async function share(db: Db, share: AccountShare): Promise<void> {
  await db
    .insertInto('accountShare')
    .values(share)
    .onConflict((clash) => clash.columns(['accountId', 'personId']).doUpdateSet({ access: share.access }))
    .execute();
}

export async function unshare(db: Db, accountId: string, personId: string): Promise<void> {
  await db
    .deleteFrom('accountShare')
    .where('accountId', '=', accountId)
    .where('personId', '=', personId)
    .execute();
}
