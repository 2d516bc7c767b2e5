import { sql } from 'kysely';
import { type Db, schemaName } from './database.ts';
import type { PublishedOutput } from './published-output.ts';
import type { Run } from './run.ts';
import type { Writeback } from './writeback.ts';
import type { WritebackVersion } from './writeback-version.ts';

/** A writeback with what hangs on it. */
export interface WritebackOverview extends Writeback {
  readonly definition: WritebackVersion['definition'];
  readonly nextDueAt: Date | null;
  readonly lastRun: Pick<Run, 'id' | 'state' | 'finishedAt'> | undefined;
  /** The writebacks after whose success it runs; null when its schedule is another one. */
  readonly awaited: readonly Pick<Writeback, 'name' | 'state'>[] | null;
  /** What has become of the publishing of its output DataSet; null when it was never wished. */
  readonly output: Pick<PublishedOutput, 'place' | 'publishedAt' | 'lastError'> | null;
}

/** What a list of overviews may be narrowed to; a page begins with those older than the id `before`. */
export interface OverviewFilter {
  readonly id?: string | undefined;
  readonly ownerId?: string | undefined;
  readonly connector?: string | undefined;
  readonly tag?: string | undefined;
  /** `failing`: the last run failed. */
  readonly state?: Writeback['state'] | 'failing' | undefined;
  readonly before?: string | undefined;
  readonly limit: number;
}

/** What a schedule waits for that begins after a success (`awaitedBy`), as JSON. */
const awaited = sql<WritebackOverview['awaited']>`
  case when schedule.definition ->> 'every' = 'success' then (
    select coalesce(json_agg(json_build_object('name', other.name, 'state', other.state)), '[]')
    from ${sql.id(schemaName, 'writeback')} as other
    where other.deleted_at is null and other.id <> writeback.id
      and (other.id = schedule.definition ->> 'writeback'
        or other.name = schedule.definition ->> 'writeback' and other.owner_id = writeback.owner_id)
  ) end`;

/** Writebacks that are not deleted, each with its newest version, next time and last run. */
const overviews = (db: Db) =>
  db
    .selectFrom('writeback')
    .innerJoin('writebackVersion', (join) =>
      join
        .onRef('writebackVersion.writebackId', '=', 'writeback.id')
        .onRef('writebackVersion.version', '=', 'writeback.version'),
    )
    .leftJoin('schedule', 'schedule.writebackId', 'writeback.id')
    .leftJoin('publishedOutput', 'publishedOutput.writebackId', 'writeback.id')
    .leftJoinLateral(
      (from) =>
        from
          .selectFrom('run')
          .select(['run.id', 'run.state', 'run.finishedAt'])
          .whereRef('run.writebackId', '=', 'writeback.id')
          .orderBy('run.number', 'desc')
          .limit(1)
          .as('last'),
      (join) => join.onTrue(),
    )
    .selectAll('writeback')
    .select(['writebackVersion.definition', 'schedule.nextDueAt', awaited.as('awaited')])
    .select(['publishedOutput.writebackId as outputOf', 'publishedOutput.place'])
    .select(['publishedOutput.publishedAt', 'publishedOutput.lastError'])
    .select(['last.id as lastId', 'last.state as lastState', 'last.finishedAt as lastFinishedAt'])
    .where('writeback.deletedAt', 'is', null);

/** The newest first. */
export async function listOverviews(db: Db, filter: OverviewFilter): Promise<WritebackOverview[]> {
  const { id, ownerId, connector, tag, state, before, limit } = filter;
  const rows = await overviews(db)
    .$if(id !== undefined, (query) => query.where('writeback.id', '=', id!))
    .$if(ownerId !== undefined, (query) => query.where('writeback.ownerId', '=', ownerId!))
    .$if(connector !== undefined, (query) => query.where('writeback.connector', '=', connector!))
    .$if(tag !== undefined, (query) => query.where(sql`${tag}`, '=', sql`any(writeback.tags)`))
    .$if(state === 'failing', (query) => query.where('last.state', '=', 'failed'))
    .$if(state === 'active' || state === 'paused', (query) =>
      query.where('writeback.state', '=', state as Writeback['state']),
    )
    .$if(before !== undefined, (query) => query.where('writeback.id', '<', before!))
    .orderBy('writeback.id', 'desc')
    .limit(limit)
    .execute();
  return rows.map(
    ({ lastId, lastState, lastFinishedAt, outputOf, place, publishedAt, lastError, ...rest }) => ({
      ...rest,
      output: outputOf === null ? null : { place, publishedAt, lastError },
      lastRun:
        lastId === null || lastState === null
          ? undefined
          : { id: lastId, state: lastState, finishedAt: lastFinishedAt },
    }),
  );
}

/** The one of that id. */
export async function findOverview(db: Db, id: string): Promise<WritebackOverview | undefined> {
  const [found] = await listOverviews(db, { id, limit: 1 });
  return found;
}
