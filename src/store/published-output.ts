import { type ColumnType, type Selectable, type Updateable, sql } from 'kysely';
import type { Db } from './database.ts';
import type { OutputPlace } from './output-row.ts';

/** What lies in Domo of an output DataSet. */
export interface Published {
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  /** The last row. */
  readonly last: OutputPlace;
}

/** An execution of a stream: what will lie there once it has succeeded. */
export interface PublishedExecution {
  readonly id: number;
  readonly published: Published;
}

type NullableJson<T> = ColumnType<T | null, string | null | undefined, string | null>;

export interface PublishedOutputTable {
  writebackId: string;
  /** The run after which it was wished last. */
  runId: string;
  /** Null while there is nothing to do. */
  nextTryAt: Date | null;
  tries: number;
  lastError: string | null;
  /** The DataSet and the stream that writes it, once they are made. */
  place: NullableJson<{ readonly streamId: number; readonly datasetId: string }>;
  published: NullableJson<Published>;
  publishedAt: Date | null;
  execution: NullableJson<PublishedExecution>;
}

export type PublishedOutput = Selectable<PublishedOutputTable>;

/** Domo takes one commit of a stream in so many minutes. */
const minutesBetween = 15;

const notBefore = sql<Date>`greatest(now(), published_output.published_at + make_interval(mins => ${minutesBetween}))`;

/** Wishes that the output DataSet be published as it is after this run: as soon as Domo takes it, and once for many runs. */
export async function wishPublication(
  transaction: Db,
  { writebackId, runId }: Pick<PublishedOutput, 'writebackId' | 'runId'>,
): Promise<void> {
  await transaction
    .insertInto('publishedOutput')
    .values({ writebackId, runId, nextTryAt: sql<Date>`now()`, tries: 0 })
    .onConflict((clash) =>
      clash.column('writebackId').doUpdateSet({
        runId,
        tries: 0,
        nextTryAt: sql<Date>`coalesce(published_output.next_try_at, ${notBefore})`,
      }),
    )
    .execute();
}

/** Those that are due, each taken until a time: nobody else takes it before. */
export async function takeDuePublications(
  db: Db,
  now: Date,
  until: Date,
  limit: number,
): Promise<PublishedOutput[]> {
  const due = db
    .selectFrom('publishedOutput')
    .select('writebackId')
    .where('nextTryAt', '<=', now)
    .orderBy('nextTryAt')
    .limit(limit)
    .forUpdate()
    .skipLocked();
  return db
    .updateTable('publishedOutput')
    .set((eb) => ({ nextTryAt: until, tries: eb('tries', '+', 1) }))
    .where('writebackId', 'in', due)
    .returningAll()
    .execute();
}

export async function changePublication(
  db: Db,
  writebackId: string,
  change: Updateable<PublishedOutputTable>,
): Promise<void> {
  await db.updateTable('publishedOutput').set(change).where('writebackId', '=', writebackId).execute();
}

/**
 * There is nothing more to do, be it done or given up (`lastError`), unless a later run has wished it meanwhile: then it is due as
 * soon as Domo takes it.
 */
export async function endPublication(
  db: Db,
  { writebackId, runId }: Pick<PublishedOutput, 'writebackId' | 'runId'>,
  lastError: string | null = null,
): Promise<void> {
  const nextTryAt = sql<Date>`case when run_id = ${runId} then null else ${notBefore} end`;
  await db
    .updateTable('publishedOutput')
    .set({ nextTryAt, tries: 0, lastError })
    .where('writebackId', '=', writebackId)
    .execute();
}
