import { setTimeout as sleep } from 'node:timers/promises';
import type { Definition } from '../../src/run/definition.ts';
import { openEngine } from '../../src/run/engine.ts';
import { startRun } from '../../src/run/run.ts';
import { type WorkerParts, workOnRuns } from '../../src/run/work-on-runs.ts';
import { newId } from '../../src/store/new-id.ts';
import type { Store } from '../../src/store/open.ts';
import { type NewRun, type Run, findLiveRun, findRun, listRuns } from '../../src/store/run.ts';
import { runEventsAfter } from '../../src/store/run-event.ts';
import { findWriteback, updateWriteback } from '../../src/store/writeback.ts';
import { findWritebackVersion, insertWritebackVersion } from '../../src/store/writeback-version.ts';
import { quiet } from './store-places.ts';

/** Where the thread of a run begins, with all connectors. */
export const workerEntry = new URL('../../src/worker.ts', import.meta.url);

/** A worker in this process, and what a test says to it. */
export async function serviceRig(
  store: Store,
  parts: Pick<WorkerParts, 'registry' | 'keyRing' | 'dataFolder'> &
    Partial<Pick<WorkerParts, 'entry' | 'slots'>>,
) {
  const db = store.kysely;
  const engine = await openEngine(store.bossOptions, quiet);
  const { pool } = store;
  const all = { entry: workerEntry, slots: 2, ...parts, db, engine, pool, log: quiet };
  const worker = await workOnRuns(all);
  const until = async (id: string, is: (run: Run) => boolean): Promise<Run> => {
    for (;;) {
      const run = await findRun(db, id);
      if (run && is(run)) return run;
      await sleep(20);
    }
  };
  /** Another version, as the API makes it. */
  const save = async (id: string, ownerId: string, definition: Definition): Promise<string> => {
    const version = (await findWriteback(db, id))!.version + 1;
    const { name, connector, accountId = null } = definition;
    await insertWritebackVersion(db, {
      writebackId: id,
      version,
      definition: JSON.stringify(definition),
      changedBy: ownerId,
    });
    await updateWriteback(db, id, { version, ownerId, name, connector, accountId });
    return id;
  };
  return {
    engine,
    save,
    until,
    ended: async (id: string) => until(id, ({ finishedAt }) => finishedAt !== null),
    async change(id: string, change: Partial<Definition>): Promise<void> {
      const { version, ownerId } = (await findWriteback(db, id))!;
      const { definition } = (await findWritebackVersion(db, id, version))!;
      await save(id, ownerId, { ...(definition as Definition), ...change });
    },
    async start(writebackId: string, more: Partial<NewRun> = {}): Promise<string> {
      const { version } = (await findWriteback(db, writebackId))!;
      const run = { id: newId('run'), writebackId, version, cause: 'manual' as const, dueAt: null, ...more };
      await db.transaction().execute((transaction) => startRun(transaction, engine, run));
      return run.id;
    },
    /** The id of a run of the writeback's, once there is one. */
    async runOf(writebackId: string): Promise<string> {
      for (;;) {
        const [run] = await listRuns(db, { writebackId, limit: 1 });
        if (run) return run.id;
        await sleep(20);
      }
    },
    /** Waits until the run's log has a line. */
    async logged(id: string, message: string): Promise<void> {
      while (!(await runEventsAfter(db, id, 0, 99)).some((event) => event.message === message))
        await sleep(20);
    },
    live: (writebackId: string) => findLiveRun(db, writebackId),
    /** Waits until the worker of this process works on nothing, and does nothing more. */
    async idle(): Promise<void> {
      await engine.stop(20_000);
      await worker.stop();
    },
    async stop(): Promise<void> {
      await engine.stop(1_000);
      await worker.stop();
    },
  };
}
