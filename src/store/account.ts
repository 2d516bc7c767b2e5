import type { Generated, Insertable, Selectable, Updateable } from 'kysely';
import type { Access } from './account-share.ts';
import type { Db, Json } from './database.ts';
import type { SealedColumn } from './sealed-secrets.ts';

export interface AccountTable {
  id: string;
  connector: string;
  name: string;
  /** The fields that are no secret, by id. */
  credentials: Json<Readonly<Record<string, unknown>>>;
  secrets: SealedColumn;
  state: Generated<'untested' | 'valid' | 'invalid'>;
  testedAt: Date | null;
  /** Grows with every change, so that of two edits that meet the second is refused. */
  version: Generated<number>;
  createdAt: Generated<Date>;
  updatedAt: Generated<Date>;
}

export type Account = Selectable<AccountTable>;

export async function insertAccount(db: Db, account: Insertable<AccountTable>): Promise<Account> {
  return db.insertInto('account').values(account).returningAll().executeTakeFirstOrThrow();
}

export async function findAccount(db: Db, id: string): Promise<Account | undefined> {
  return db.selectFrom('account').selectAll().where('id', '=', id).executeTakeFirst();
}

/** Every account that the person has any access to, with that access. */
export async function listAccountsOf(db: Db, personId: string): Promise<(Account & { access: Access })[]> {
  return db
    .selectFrom('account')
    .innerJoin('accountShare', 'accountShare.accountId', 'account.id')
    .selectAll('account')
    .select('accountShare.access')
    .where('accountShare.personId', '=', personId)
    .orderBy('account.name')
    .orderBy('account.id')
    .execute();
}

/** Changes the account if it still has the version that the change was made on; undefined when it has not. */
export async function updateAccount(
  db: Db,
  id: string,
  version: number,
  change: Updateable<AccountTable>,
): Promise<Account | undefined> {
  return db
    .updateTable('account')
    .set({ ...change, version: version + 1, updatedAt: new Date() })
    .where('id', '=', id)
    .where('version', '=', version)
    .returningAll()
    .executeTakeFirst();
}

/** Fails while a writeback that is not deleted names it. False when there is no such account. */
export async function deleteAccount(db: Db, id: string): Promise<boolean> {
  for (const column of ['accountId', 'sourceAccountId'] as const) {
    await db
      .updateTable('writeback')
      .set({ [column]: null })
      .where(column, '=', id)
      .where('deletedAt', 'is not', null)
      .execute();
  }
  const { numDeletedRows } = await db.deleteFrom('account').where('id', '=', id).executeTakeFirstOrThrow();
  return numDeletedRows > 0n;
}

/** Accounts in the order of their ids after `after`, for work that goes through all of them and can be resumed. */
export async function accountsAfter(db: Db, after: string, limit: number): Promise<Account[]> {
  return db.selectFrom('account').selectAll().where('id', '>', after).orderBy('id').limit(limit).execute();
}
