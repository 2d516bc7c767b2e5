import { type Generated, type Insertable, type Selectable, type Updateable, sql } from 'kysely';
import type { Db } from './database.ts';

export interface WritebackTable {
  id: string;
  name: string;
  description: Generated<string>;
  tags: Generated<string[]>;
  ownerId: string;
  connector: string;
  accountId: string | null;
  /** The Domo account that its DataSet is read with. */
  sourceAccountId: string | null;
  /** The newest of its versions. */
  version: number;
  state: Generated<'active' | 'paused'>;
  /** Why, as a sentence for the person. */
  pausedBecause: string | null;
  lastRunNumber: Generated<number>;
  createdAt: Generated<Date>;
  updatedAt: Generated<Date>;
  /** Deleted ones stay for the history of their runs until that is removed. */
  deletedAt: Date | null;
}

export type Writeback = Selectable<WritebackTable>;

/** What a list of writebacks may be narrowed to; a page begins with those older than the id `before`. */
export interface WritebackFilter {
  readonly ownerId?: string | undefined;
  readonly connector?: string | undefined;
  /** As its account or as its source's. */
  readonly accountId?: string | undefined;
  readonly tag?: string | undefined;
  readonly state?: Writeback['state'] | undefined;
  readonly before?: string | undefined;
  readonly limit: number;
}

export async function insertWriteback(db: Db, writeback: Insertable<WritebackTable>): Promise<Writeback> {
  return db.insertInto('writeback').values(writeback).returningAll().executeTakeFirstOrThrow();
}

export async function findWriteback(db: Db, id: string): Promise<Writeback | undefined> {
  return db
    .selectFrom('writeback')
    .selectAll()
    .where('id', '=', id)
    .where('deletedAt', 'is', null)
    .executeTakeFirst();
}

/** The newest first. */
export async function listWritebacks(db: Db, filter: WritebackFilter): Promise<Writeback[]> {
  const { ownerId, connector, accountId, tag, state, before, limit } = filter;
  return db
    .selectFrom('writeback')
    .selectAll()
    .where('deletedAt', 'is', null)
    .$if(ownerId !== undefined, (query) => query.where('ownerId', '=', ownerId!))
    .$if(connector !== undefined, (query) => query.where('connector', '=', connector!))
    .$if(accountId !== undefined, (query) =>
      query.where((eb) => eb.or([eb('accountId', '=', accountId!), eb('sourceAccountId', '=', accountId!)])),
    )
    .$if(tag !== undefined, (query) => query.where(sql`${tag}`, '=', sql`any(tags)`))
    .$if(state !== undefined, (query) => query.where('state', '=', state!))
    .$if(before !== undefined, (query) => query.where('id', '<', before!))
    .orderBy('id', 'desc')
    .limit(limit)
    .execute();
}

/** Changes it; with `version`, only if it still has that version. Gives undefined when it has not, or is not there. */
export async function updateWriteback(
  db: Db,
  id: string,
  change: Updateable<WritebackTable>,
  version?: number,
): Promise<Writeback | undefined> {
  return db
    .updateTable('writeback')
    .set({ ...change, updatedAt: new Date() })
    .where('id', '=', id)
    .where('deletedAt', 'is', null)
    .$if(version !== undefined, (query) => query.where('version', '=', version!))
    .returningAll()
    .executeTakeFirst();
}

/** How many writebacks use each of these accounts, for their source or their destination; one that none uses is not in the map. */
export async function countUses(db: Db, accountIds: readonly string[]): Promise<ReadonlyMap<string, number>> {
  if (accountIds.length === 0) return new Map();
  const used = (column: 'accountId' | 'sourceAccountId') =>
    db
      .selectFrom('writeback')
      .select([`${column} as account`, 'id'])
      .where(column, 'in', accountIds)
      .where('deletedAt', 'is', null);
  const rows = await db
    .selectFrom(used('accountId').union(used('sourceAccountId')).as('use'))
    .select(({ fn }) => ['account', fn.countAll<number>().as('count')])
    .groupBy('account')
    .execute();
  return new Map(rows.map(({ account, count }) => [account!, count]));
}

/** Those of them that are active, locked until the transaction ends: nobody else starts a run of them meanwhile. */
export async function lockActiveWritebacks(transaction: Db, ids: readonly string[]): Promise<Writeback[]> {
  if (ids.length === 0) return [];
  return (
    transaction
      .selectFrom('writeback')
      .selectAll()
      .where('id', 'in', ids)
      .where('state', '=', 'active')
      .where('deletedAt', 'is', null)
      // Always in the same order, so that two transactions do not wait for each other.
      .orderBy('id')
      .forNoKeyUpdate()
      .execute()
  );
}
