// `node bench/workers.ts`: how much faster four worker processes are than one when each part of a run takes a second, and how a
// hundred small runs at once get on in one process. On dist/main.js and the embedded database. Its last line is its figures.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLog } from '../src/log.ts';
import { openEngine, type Engine } from '../src/run/engine.ts';
import { startRun } from '../src/run/run.ts';
import { openStore, type Store } from '../src/store/open.ts';
import { type Run, findRun } from '../src/store/run.ts';
import type { Db } from '../src/store/database.ts';
import { type DomoStandIn, startDomo } from '../test/servers/domo-stand-in.ts';
import type { S3StandIn } from '../test/servers/s3-stand-in.ts';
import { folderWriteback, newAccount, saveWriteback } from '../test/servers/saved-writeback.ts';
import { newPerson, newRun } from '../test/servers/store-rows.ts';
import type { Figures, Judged } from './figures.ts';
import { newDataFolder } from './service/data-place.ts';
import { slowS3 } from './service/slow-parts.ts';
import { type Started, startService } from './service/started.ts';

const say = (line: string) => void process.stdout.write(`${line}\n`);

const columns = [
  { name: 'id', type: 'LONG' },
  { name: 'name', type: 'STRING' },
] as const;

/** The parts of one run are 64 at most, so the hundred are those of two. */
const parts = { runs: 2, each: 50, milliseconds: 1000, slots: 2 };
const small = { runs: 100, rows: 100 };
const least = 3.6;

interface Here {
  readonly folder: string;
  readonly store: Store;
  readonly engine: Engine;
}

async function open(stack: AsyncDisposableStack): Promise<Here> {
  const log = createLog(() => {});
  const folder = await newDataFolder(stack);
  const store = await openStore({ dataFolder: folder }, log, new AbortController().signal);
  stack.defer(() => store.close());
  const engine = await openEngine(store.bossOptions, log);
  stack.defer(() => engine.stop());
  return { folder, store, engine };
}

/** Until its end; asked rarely, because whoever asks shares the processors with those who work. */
async function ended(db: Db, id: string): Promise<Run> {
  for (;;) {
    const run = await findRun(db, id);
    if (run?.finishedAt) return run;
    await sleep(250);
  }
}

/** Starts a run of each writeback at the same moment; seconds from the first that is queued to the end of the last. */
async function runAll(
  { store: { kysely: db }, engine }: Here,
  writebacks: readonly string[],
): Promise<number> {
  const ids = writebacks.map((id) => newRun(id));
  for (const run of ids) await db.transaction().execute((transaction) => startRun(transaction, engine, run));
  const runs: Run[] = [];
  for (const { id } of ids) runs.push(await ended(db, id));
  const failed = runs.find(({ state }) => state !== 'succeeded');
  if (failed) throw new Error(`A run has ${failed.state}: ${JSON.stringify(failed.error)}`);
  const first = Math.min(...runs.map(({ queuedAt }) => queuedAt.getTime()));
  return (Math.max(...runs.map(({ finishedAt }) => finishedAt!.getTime())) - first) / 1000;
}

/** Where the rows of the parts come from and go to: what both do costs the workers little. */
interface Far {
  readonly domo: DomoStandIn;
  readonly datasetId: string;
  readonly server: S3StandIn;
}

async function openFar(stack: AsyncDisposableStack): Promise<Far> {
  const domo = await startDomo();
  stack.defer(() => domo.stop());
  const row = (index: number) => [`${index}`, `name ${index}`];
  const { id: datasetId } = await domo.addDataset({ name: 'Rows', columns, generate: { count: 1000, row } });
  return { domo, datasetId, server: await slowS3(parts.milliseconds, stack) };
}

/** Saves a writeback from Domo to S3. */
async function fromDomo(db: Db, { domo, datasetId, server }: Far, details: object): Promise<string> {
  const { id: ownerId } = await newPerson(db);
  const { clientSecret, ...client } = domo.account;
  const { endpoint, accessKey, secretKey, bucket, region } = server;
  const source = { connector: 'domo', credentials: client, secrets: { clientSecret } };
  const credentials = { accessKey, bucket, region, endpoint, pathStyle: true };
  const target = { connector: 's3-unload', credentials, secrets: { secretKey } };
  return saveWriteback(db, ownerId, {
    name: 'Slow parts',
    source: { kind: 'domo', datasetId },
    sourceAccountId: await newAccount(db, ownerId, source),
    connector: 's3-unload',
    accountId: await newAccount(db, ownerId, target),
    details: { fileName: 'rows', ...details },
  });
}

/** Seconds of processor time that a process has used. */
function cpuSeconds({ pid }: Started): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Seconds that the parts take with so many processes, each with the same few slots. */
async function partsWith(here: Here, far: Far, processes: number): Promise<number> {
  await using stack = new AsyncDisposableStack();
  const { folder, store } = here;
  const slots = { WRITEBACK_RUNS: String(parts.slots) };
  const workers = await Promise.all(
    Array.from({ length: processes }, () => startService(folder, 'worker', stack, slots)),
  );
  let saved = 0;
  const save = (each: number) => {
    const path = `in/${processes}/${(saved += 1)}`;
    return fromDomo(store.kysely, far, { path, primaryKey: 'id', parts: each });
  };
  // Threads begin, and what they need is compiled, before the clock starts.
  await runAll(here, [await save(2 * processes * parts.slots)]);
  const writebacks = await Promise.all(Array.from({ length: parts.runs }, () => save(parts.each)));
  const before = workers.map(cpuSeconds);
  const seconds = await runAll(here, writebacks);
  const cpu = workers.reduce((sum, worker, index) => sum + cpuSeconds(worker) - before[index]!, 0);
  const count = parts.runs * parts.each;
  say(
    `  ${processes} × ${parts.slots} slots: ${count} parts of 1 s in ${seconds.toFixed(1)} s, ${cpu.toFixed(1)} s CPU`,
  );
  return seconds;
}

/** A hundred small runs at the same time in one process. */
async function smallRuns(here: Here): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const { folder, store } = here;
  const worker = await startService(folder, 'worker', stack, { WRITEBACK_RUNS: String(small.runs) });
  const writebacks: string[] = [];
  for (let number = 0; number < small.runs; number += 1) {
    const place = { dataFolder: folder, out: join(folder, 'out', String(number)), rows: small.rows };
    writebacks.push((await folderWriteback(store.kysely, place)).id);
  }
  const seconds = await runAll(here, writebacks);
  const [, kilobytes] = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${worker.pid}/status`, 'utf8')) ?? [];
  const memory = Math.round((Number(kilobytes) * 1024) / 1e6);
  say(
    `  ${small.runs} small runs at once in one process: all succeeded in ${seconds.toFixed(1)} s, ${memory} MB at the peak, ${cpuSeconds(worker).toFixed(1)} s CPU`,
  );
}

await using stack = new AsyncDisposableStack();
const here = await open(stack);
const far = await openFar(stack);
await smallRuns(here);
const one = await partsWith(here, far, 1);
const ratio = one / (await partsWith(here, far, 4));
const line: Judged = {
  line: `4 worker processes ≥ ${least} × 1, on 100 parts of 1 s`,
  reached: `${ratio.toFixed(2)} ×`,
  met: ratio >= least,
  share: ratio / least,
};
say(`  ${line.met ? '✓' : '✗'} ${line.line}: ${line.reached}`);
const figures: Figures = { title: 'Workers', rows: 0, bytes: 0, contenders: [], lines: [line], missing: [] };
say(JSON.stringify(figures));
