import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ConformanceTarget, StoredRow } from '../../src/connector/conformance.ts';
import type { Db } from '../../src/store/database.ts';
import { updateLocalDataset } from '../../src/store/local-dataset.ts';
import { type Run, listRuns } from '../../src/store/run.ts';
import { runEventsAfter } from '../../src/store/run-event.ts';
import { saveSchedule } from '../../src/store/schedule.ts';
import { ownValues } from '../servers/own-values.ts';
import { newAccount, newLocalDataset, saveWriteback } from '../servers/saved-writeback.ts';
import { patiently } from './crash-database.ts';

/** A target with two writebacks into it, which differ in their DataSets. */
export interface CrashTarget {
  readonly name: string;
  readonly target: ConformanceTarget;
  readonly writebacks: readonly [string, string];
  /** What a clean run of each leaves. */
  readonly clean: (readonly StoredRow[])[];
}

type Opened = Pick<CrashTarget, 'name' | 'target'>;

/** Opens targets, which `stack` closes. */
export async function openTargets(
  targets: Readonly<Record<string, () => Promise<ConformanceTarget>>>,
  stack: AsyncDisposableStack,
): Promise<Opened[]> {
  const opened: Opened[] = [];
  for (const [name, open] of Object.entries(targets)) {
    const target = await open();
    stack.defer(() => target.close());
    opened.push({ name, target });
  }
  return opened;
}

function split(target: ConformanceTarget) {
  const { credentials, details } = ownValues(target);
  const isSecret = ([id]: [string, unknown]) => target.connector.credentials[id]?.type === 'secret';
  const all = Object.entries(credentials);
  return {
    details,
    credentials: Object.fromEntries(all.filter((entry) => !isSecret(entry))),
    secrets: Object.fromEntries(all.filter(isSecret)) as Record<string, string>,
  };
}

/** Saves two writebacks of `rows` and of a thousand more rows into the target. */
export async function saveTarget(
  db: Db,
  ownerId: string,
  { name, target }: Opened,
  { dataFolder, rows }: { readonly dataFolder: string; readonly rows: number },
): Promise<CrashTarget> {
  const { details, credentials, secrets } = split(target);
  const connector = target.connector.id;
  const accountId = await newAccount(db, ownerId, { connector, credentials, secrets });
  const save = async (count: number) => {
    const datasetId = await newLocalDataset(db, ownerId, dataFolder, count);
    await updateLocalDataset(db, datasetId, { name: 'crash' });
    const source = { kind: 'local', datasetId };
    return saveWriteback(db, ownerId, { name, source, connector, accountId, details });
  };
  return { name, target, writebacks: [await save(rows), await save(rows + 1000)], clean: [] };
}

/** Makes a writeback due now, once, however often the database has to be asked. */
export async function makeDue(db: Db, writebackId: string): Promise<void> {
  const definition = JSON.stringify({ every: 'month', daysOfMonth: '1' });
  const nextDueAt = new Date();
  await patiently(() => saveSchedule(db, { writebackId, definition, nextDueAt: null }));
  await patiently(() =>
    db
      .updateTable('schedule')
      .set({ nextDueAt })
      .where('writebackId', '=', writebackId)
      .where((eb) => eb.or([eb('lastDueAt', 'is', null), eb('lastDueAt', '<', nextDueAt)]))
      .execute(),
  );
}

/** Milliseconds: many times what a run takes whose worker was killed, on a machine that has much else to do. */
const patience = 240_000;

const linesOf = async (db: Db, { id }: Run) =>
  (await runEventsAfter(db, id, 0, 99)).map(({ at, message }) => `${at.toISOString()} ${message}`).join('\n');

/** Waits until a writeback has so many runs that are over, and gives the newest. Throws when there are more. */
export async function runsEnded(db: Db, writebackId: string, count: number): Promise<Run> {
  for (const limit = performance.now() + patience; ;) {
    const runs = await patiently(() => listRuns(db, { writebackId, limit: 2000 }));
    assert.ok(runs.length <= count, `${runs.length} runs for ${count} times`);
    if (runs.length === count && runs.every(({ finishedAt }) => finishedAt)) return runs[0]!;
    if (performance.now() > limit) {
      const newest = runs[0] ? `${runs[0].state}\n${await linesOf(db, runs[0])}` : 'none';
      assert.fail(`${runs.length} runs for ${count} times, the newest: ${newest}`);
    }
    await sleep(200);
  }
}

/** Throws unless the run succeeded and the destination holds what a clean run leaves: the first one is taken for clean. */
export async function requireStored(db: Db, { name, target, clean }: CrashTarget, which: number, run: Run) {
  const story = async () =>
    `${name}: ${JSON.stringify(run.error)}\n${await patiently(() => linesOf(db, run))}`;
  assert.equal(run.state, 'succeeded', run.state === 'succeeded' ? '' : await story());
  const stored = await target.stored();
  assert.ok(stored);
  clean[which] ??= stored;
  assert.equal(stored.length, clean[which].length, `${name}\n${await story()}`);
  assert.deepEqual(stored, clean[which], name);
}

/** The same, and nothing temporary is left. */
export async function requireClean(db: Db, target: CrashTarget, which: number, run: Run) {
  await requireStored(db, target, which, run);
  assert.deepEqual(await target.target.leftovers(), [], `${target.name}: something temporary is left`);
}
