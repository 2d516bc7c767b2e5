import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ConformanceTarget, StoredRow } from '../../src/connector/conformance.ts';
import type { Db } from '../../src/store/database.ts';
import { updateLocalDataset } from '../../src/store/local-dataset.ts';
import { type Run, listRuns } from '../../src/store/run.ts';
import { runEventsAfter } from '../../src/store/run-event.ts';
import { saveSchedule } from '../../src/store/schedule.ts';
import { ownValues } from '../servers/own-values.ts';
import { keyRing, newAccount, newLocalDataset, saveWriteback } from '../servers/saved-writeback.ts';
import { newPerson } from '../servers/store-rows.ts';

/** A process that schedules and works (`service-process.ts`). */
export interface ServiceProcess {
  readonly child: ChildProcess;
  /** What it said to its log. */
  readonly said: () => string;
}

const file = new URL('service-process.ts', import.meta.url).pathname;

/** Starts one, and waits until it works. */
export async function startService(databaseUrl: string, dataFolder: string): Promise<ServiceProcess> {
  const child = spawn(process.execPath, [file, databaseUrl, dataFolder], {
    env: { ...process.env, WRITEBACK_MASTER_KEYS: keyRing[0].bytes.toString('base64') },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (text: Buffer) => (said += text.toString()));
  await once(child.stdout, 'data');
  return { child, said: () => said };
}

/** Ends it the way a power cut does. */
export async function killService({ child }: ServiceProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

/** A target with two writebacks into it, which differ in their DataSets. */
export interface CrashTarget {
  readonly name: string;
  readonly target: ConformanceTarget;
  readonly writebacks: readonly [string, string];
  /** What a clean run of each leaves. */
  readonly clean: (readonly StoredRow[])[];
}

function split({ connector, ...given }: ConformanceTarget) {
  const { credentials, details } = ownValues({ connector, ...given });
  const isSecret = ([id]: [string, unknown]) => connector.credentials[id]?.type === 'secret';
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
  name: string,
  target: ConformanceTarget,
  { dataFolder, rows }: { readonly dataFolder: string; readonly rows: number },
): Promise<CrashTarget> {
  const owner = await newPerson(db);
  const { details, credentials, secrets } = split(target);
  const connector = target.connector.id;
  const accountId = await newAccount(db, owner.id, { connector, credentials, secrets });
  const save = async (count: number) => {
    const datasetId = await newLocalDataset(db, owner.id, dataFolder, count);
    await updateLocalDataset(db, datasetId, { name: 'crash' });
    const source = { kind: 'local', datasetId };
    return saveWriteback(db, owner.id, { name: 'Crash test', source, connector, accountId, details });
  };
  return { name, target, writebacks: [await save(rows), await save(rows + 1000)], clean: [] };
}

/** Makes a writeback due now, as its schedule would. */
export async function makeDue(db: Db, writebackId: string): Promise<void> {
  const definition = JSON.stringify({ every: 'day', at: '00:00' });
  await saveSchedule(db, { writebackId, definition, nextDueAt: new Date() });
}

/** Milliseconds: many times what a run takes whose worker was killed, on a machine that has much else to do. */
const patience = 240_000;

const linesOf = async (db: Db, { id }: Run) =>
  (await runEventsAfter(db, id, 0, 99)).map(({ at, message }) => `${at.toISOString()} ${message}`).join('\n');

/** Waits until a writeback has so many runs that are over, and gives the newest. */
export async function runsEnded(db: Db, writebackId: string, count: number): Promise<Run> {
  for (const limit = performance.now() + patience; ;) {
    const runs = await listRuns(db, { writebackId, limit: 200 });
    if (runs.length === count && runs.every(({ finishedAt }) => finishedAt)) return runs[0]!;
    assert.ok(runs.length <= count, `${runs.length} runs for ${count} times`);
    const newest = runs[0] ? `${runs[0].state}\n${await linesOf(db, runs[0])}` : 'none';
    assert.ok(performance.now() < limit, `${runs.length} runs for ${count} times, the newest: ${newest}`);
    await sleep(200);
  }
}

/** Throws unless the run succeeded and the destination holds what a clean run leaves. */
export async function requireClean(db: Db, { name, target, clean }: CrashTarget, which: number, run: Run) {
  assert.equal(run.state, 'succeeded', `${name}: ${JSON.stringify(run.error)}\n${await linesOf(db, run)}`);
  assert.deepEqual(await target.leftovers(), [], `${name}: something temporary is left`);
  const stored = await target.stored();
  assert.ok(stored);
  clean[which] ??= stored;
  assert.equal(stored.length, clean[which].length, name);
  assert.deepEqual(stored, clean[which], name);
}
