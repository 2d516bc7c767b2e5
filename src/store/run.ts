import {
  type ColumnType,
  type Generated,
  type Insertable,
  type Selectable,
  type Updateable,
  sql,
} from 'kysely';
import type { runCauses, runStates } from '../contract/runs.ts';
import type { Db, Json } from './database.ts';

export type RunState = (typeof runStates)[number];

/** Why a run was started. */
export type RunCause = (typeof runCauses)[number];

/** What a run does that tries rejected rows again. */
export interface Retries {
  /** The id of the run that rejected them. */
  readonly rowsOf: string;
  /** As which run it writes: the one that met the rows first. `startedAt`: ISO 8601. */
  readonly as: { readonly id: string; readonly number: number; readonly startedAt: string };
}

export interface RunTable {
  id: string;
  writebackId: string;
  /** The version of the writeback that it runs. */
  version: number;
  /** Counts from 1 per writeback. */
  number: number;
  state: Generated<RunState>;
  cause: RunCause;
  dueAt: Date | null;
  dryRun: Generated<boolean>;
  requestedBy: string | null;
  /** What started it, or its first attempt (W3C Trace Context): all its spans belong together. Null where nothing is traced. */
  traceparent: string | null;
  /** Null: the run is of the whole DataSet. */
  retries: ColumnType<Retries | null, string | null | undefined, string | null>;
  /** 0 until a worker has taken it. */
  attempt: Generated<number>;
  /** How often it failed and was queued again. */
  failures: Generated<number>;
  worker: string | null;
  queuedAt: Generated<Date>;
  startedAt: Date | null;
  finishedAt: Date | null;
  cancelRequestedAt: Date | null;
  rowsRead: Generated<number>;
  rowsWritten: Generated<number>;
  rowsRejected: Generated<number>;
  bytes: Generated<number>;
  error: Json<Readonly<Record<string, unknown>>> | null;
  /** Of a run that is done in parts: what its finish needs to know. */
  plan: Json<Readonly<Record<string, unknown>>> | null;
  receipt: Json<Readonly<Record<string, unknown>>> | null;
}

export type Run = Selectable<RunTable>;

/** The index that keeps a writeback from having two runs at once: `isDuplicate(error, liveRunIndex)`. */
export const liveRunIndex = 'run_live';

/** The index that makes one run of one time of a schedule. */
export const dueRunIndex = 'run_due';

/** What a run is before it has done anything. */
export type NewRun = Pick<
  Insertable<RunTable>,
  'id' | 'writebackId' | 'version' | 'cause' | 'dueAt' | 'dryRun' | 'requestedBy' | 'retries' | 'traceparent'
>;

/**
 * Inserts queued runs, each with its writeback's next number. Within a transaction, so that the numbers are given back when
 * it fails. The database refuses a second live run of a writeback, and a second one of the same time.
 */
export async function insertRuns(db: Db, runs: readonly NewRun[]): Promise<Run[]> {
  if (runs.length === 0) return [];
  const numbered = await db
    .updateTable('writeback')
    .set(({ eb }) => ({ lastRunNumber: eb('lastRunNumber', '+', 1) }))
    .where(
      'id',
      'in',
      runs.map(({ writebackId }) => writebackId),
    )
    .returning(['id', 'lastRunNumber'])
    .execute();
  const numbers = new Map(numbered.map(({ id, lastRunNumber }) => [id, lastRunNumber]));
  const values = runs.map((run) => ({ ...run, number: numbers.get(run.writebackId)! }));
  return db.insertInto('run').values(values).returningAll().execute();
}

/** Inserts one. */
export async function insertRun(db: Db, run: NewRun): Promise<Run> {
  const [inserted] = await insertRuns(db, [run]);
  return inserted!;
}

/** The live runs of these writebacks. */
export async function findLiveRuns(db: Db, writebackIds: readonly string[]): Promise<Run[]> {
  if (writebackIds.length === 0) return [];
  return db
    .selectFrom('run')
    .selectAll()
    .where('writebackId', 'in', writebackIds)
    .where('state', 'in', ['queued', 'running'])
    .execute();
}

export async function findLiveRun(db: Db, writebackId: string): Promise<Run | undefined> {
  return (await findLiveRuns(db, [writebackId]))[0];
}

export async function findRun(db: Db, id: string): Promise<Run | undefined> {
  return db.selectFrom('run').selectAll().where('id', '=', id).executeTakeFirst();
}

/** Which of these times have a run already, as `dueKey`. */
export async function dueTimesTaken(
  db: Db,
  wanted: readonly Pick<Run, 'writebackId' | 'dueAt'>[],
): Promise<ReadonlySet<string>> {
  const times = wanted.flatMap(({ dueAt }) => dueAt ?? []);
  if (times.length === 0) return new Set();
  const ids = wanted.map(({ writebackId }) => writebackId);
  const rows = await db
    .selectFrom('run')
    .select(['writebackId', 'dueAt'])
    .where('writebackId', 'in', ids)
    .where('dueAt', 'in', times)
    .execute();
  return new Set(rows.map(dueKey));
}

/** A time of a schedule. */
export const dueKey = ({ writebackId, dueAt }: Pick<Run, 'writebackId' | 'dueAt'>): string =>
  `${writebackId} ${dueAt?.getTime() ?? ''}`;

/** The newest run before this one that came to an end by itself, and was no dry run. */
export async function runBefore(
  db: Db,
  { writebackId, number }: Pick<Run, 'writebackId' | 'number'>,
  states: readonly RunState[],
): Promise<Run | undefined> {
  return db
    .selectFrom('run')
    .selectAll()
    .where('writebackId', '=', writebackId)
    .where('number', '<', number)
    .where('state', 'in', states)
    .where('dryRun', '=', false)
    .orderBy('number', 'desc')
    .limit(1)
    .executeTakeFirst();
}

/** Whether a later run of the same writeback has written its whole DataSet. */
export async function hasNewerWhole(db: Db, { writebackId, number }: Run): Promise<boolean> {
  const newer = await db
    .selectFrom('run')
    .select('id')
    .where('writebackId', '=', writebackId)
    .where('number', '>', number)
    .where('state', '=', 'succeeded')
    .where('dryRun', '=', false)
    .where('cause', '!=', 'rejected-rows')
    .limit(1)
    .executeTakeFirst();
  return newer !== undefined;
}

/** What a list of runs may be narrowed to; a page begins with the runs older than the id `before`. */
export interface RunFilter {
  readonly writebackId?: string | undefined;
  readonly state?: RunState | undefined;
  readonly before?: string | undefined;
  readonly limit: number;
}

/** The newest first. */
export async function listRuns(db: Db, filter: RunFilter): Promise<Run[]> {
  const { writebackId, state, before, limit } = filter;
  return db
    .selectFrom('run')
    .selectAll()
    .$if(writebackId !== undefined, (query) => query.where('writebackId', '=', writebackId!))
    .$if(state !== undefined, (query) => query.where('state', '=', state!))
    .$if(before !== undefined, (query) => query.where('id', '<', before!))
    .orderBy('id', 'desc')
    .limit(limit)
    .execute();
}

/** Where a run must be for a change to happen. With `attempt`, a worker that was given up changes nothing. */
export interface RunIs {
  readonly state: readonly RunState[];
  readonly attempt?: number | undefined;
}

/** Changes a run if it is as expected; gives undefined when it is not, and nothing was changed. */
export async function changeRun(
  db: Db,
  id: string,
  is: RunIs,
  change: Updateable<RunTable>,
): Promise<Run | undefined> {
  return db
    .updateTable('run')
    .set(change)
    .where('id', '=', id)
    .where('state', 'in', is.state)
    .$if(is.attempt !== undefined, (query) => query.where('attempt', '=', is.attempt!))
    .returningAll()
    .executeTakeFirst();
}

/** What its spans belong to, unless that is known. */
export async function keepTraceparent(db: Db, id: string, traceparent: string): Promise<void> {
  await db
    .updateTable('run')
    .set({ traceparent })
    .where('id', '=', id)
    .where('traceparent', 'is', null)
    .execute();
}

/** The account that a run writes to: whose turn it is, and whose limit. */
export async function accountOfRun(db: Db, id: string): Promise<string | undefined> {
  const found = await db
    .selectFrom('run')
    .innerJoin('writeback', 'writeback.id', 'run.writebackId')
    .select('writeback.accountId')
    .where('run.id', '=', id)
    .executeTakeFirst();
  return found?.accountId ?? undefined;
}

/** Adds a sentence to the warnings of a run that is over, unless it stands there. */
export async function addRunWarning(db: Db, id: string, sentence: string): Promise<void> {
  const warnings = sql`coalesce(receipt -> 'warnings', '[]')`;
  await db
    .updateTable('run')
    .set({ receipt: sql`jsonb_set(receipt, '{warnings}', ${warnings} || to_jsonb(${sentence}::text))` })
    .where('id', '=', id)
    .where('receipt', 'is not', null)
    .where(sql<boolean>`not ${warnings} @> to_jsonb(${sentence}::text)`)
    .execute();
}

/** Which of these runs are to stop: somebody wished it, or a part of it failed. */
export async function runsToStop(db: Db, ids: readonly string[]): Promise<string[]> {
  const failed = db
    .selectFrom('part')
    .select('runId')
    .where('runId', 'in', ids)
    .where('state', '=', 'failed');
  const rows = await db
    .selectFrom('run')
    .select('id')
    .where('id', 'in', ids)
    .where((eb) => eb.or([eb('cancelRequestedAt', 'is not', null), eb('id', 'in', failed)]))
    .execute();
  return rows.map(({ id }) => id);
}

/** Nobody else changes the run until the transaction ends. */
export async function lockRun(transaction: Db, id: string): Promise<Run | undefined> {
  return transaction.selectFrom('run').selectAll().where('id', '=', id).forUpdate().executeTakeFirst();
}

/** Removes finished runs, with all that hangs on them, that ended before a time; at most `limit` of them. Gives how many. */
export async function deleteRunsBefore(db: Db, time: Date, limit = 1000): Promise<number> {
  const old = db
    .selectFrom('run')
    .select('id')
    .where('finishedAt', '<', time)
    .orderBy('finishedAt')
    .limit(limit);
  const { numDeletedRows } = await db.deleteFrom('run').where('id', 'in', old).executeTakeFirstOrThrow();
  return Number(numDeletedRows);
}
