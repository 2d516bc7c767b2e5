import { type Generated, type Selectable, type Updateable, sql } from 'kysely';
import type { Db, Json } from './database.ts';
import type { RunState } from './run.ts';

export interface PartTable {
  runId: string;
  /** Counts from 1 within the run. */
  number: number;
  state: Generated<RunState>;
  attempt: Generated<number>;
  /** How often it failed and was queued again. */
  failures: Generated<number>;
  /** Which piece of the DataSet it is. */
  definition: Json<Readonly<Record<string, unknown>>>;
  /** How far it is. */
  rows: Generated<number>;
  bytes: Generated<number>;
  /** What it delivered; the finish publishes these together. */
  delivered: Json<Readonly<Record<string, unknown>>> | null;
  error: Json<Readonly<Record<string, unknown>>> | null;
  startedAt: Date | null;
  finishedAt: Date | null;
}

export type Part = Selectable<PartTable>;

/**
 * Queues the parts of a run. Those of an earlier plan are queued anew and keep the number of their attempts: who still works
 * on one is refused.
 */
export async function queueParts(db: Db, runId: string, definitions: readonly object[]): Promise<Part[]> {
  const values = definitions.map((definition, index) => ({
    runId,
    number: index + 1,
    definition: JSON.stringify(definition),
  }));
  await db.deleteFrom('part').where('runId', '=', runId).where('number', '>', values.length).execute();
  const anew = { state: 'queued', failures: 0, rows: 0, bytes: 0, finishedAt: null } as const;
  return db
    .insertInto('part')
    .values(values)
    .onConflict((conflict) =>
      conflict.columns(['runId', 'number']).doUpdateSet((eb) => ({
        ...anew,
        definition: eb.ref('excluded.definition'),
        delivered: null,
        error: null,
      })),
    )
    .returningAll()
    .execute();
}

export async function listParts(db: Db, runId: string): Promise<Part[]> {
  return db.selectFrom('part').selectAll().where('runId', '=', runId).orderBy('number').execute();
}

/** Takes a part for a new attempt; undefined when it is finished already. */
export async function takePart(db: Db, runId: string, number: number): Promise<Part | undefined> {
  return db
    .updateTable('part')
    .set(({ eb }) => ({ state: 'running', attempt: eb('attempt', '+', 1), startedAt: new Date() }))
    .where('runId', '=', runId)
    .where('number', '=', number)
    .where('state', 'in', ['queued', 'running'])
    .returningAll()
    .executeTakeFirst();
}

/** Changes a running part, if this attempt is still the one that has it. False means: given up, stop. */
export async function changePart(
  db: Db,
  part: Pick<Part, 'runId' | 'number' | 'attempt'>,
  change: Updateable<PartTable>,
): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('part')
    .set(change)
    .where('runId', '=', part.runId)
    .where('number', '=', part.number)
    .where('attempt', '=', part.attempt)
    .where('state', '=', 'running')
    .executeTakeFirstOrThrow();
  return numUpdatedRows > 0n;
}

/** What all parts of a run have read and sent so far. */
export async function sumParts(db: Db, runId: string): Promise<{ rows: number; bytes: number }> {
  return db
    .selectFrom('part')
    .select([
      sql<number>`coalesce(sum(rows), 0)::bigint`.as('rows'),
      sql<number>`coalesce(sum(bytes), 0)::bigint`.as('bytes'),
    ])
    .where('runId', '=', runId)
    .executeTakeFirstOrThrow();
}

/** Parts that nobody has begun are not begun any more. */
export async function cancelQueuedParts(db: Db, runId: string): Promise<void> {
  await db
    .updateTable('part')
    .set({ state: 'canceled', finishedAt: new Date() })
    .where('runId', '=', runId)
    .where('state', '=', 'queued')
    .execute();
}

/** How many parts of a run are queued or worked on. */
export async function countLiveParts(db: Db, runId: string): Promise<number> {
  const { count } = await db
    .selectFrom('part')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('runId', '=', runId)
    .where('state', 'in', ['queued', 'running'])
    .executeTakeFirstOrThrow();
  return count;
}
