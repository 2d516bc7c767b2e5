// `npm run soak -- --minutes 60 [--workers] [--json FILE]`: runs to all destinations in one process, again and again, as the service
// does them. Memory, sockets and handles must stay flat; it ends with 1 when they do not.
import { readdirSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createRegistry } from '../src/connector/registry.ts';
import { connectors } from '../src/connectors.ts';
import { createEgress, openPolicy } from '../src/egress/egress.ts';
import { createLog } from '../src/log.ts';
import { moveRows } from '../src/run/move-rows.ts';
import { moveRowsInWorker } from '../src/run/run-in-worker.ts';
import { checkWriteback } from '../src/run/writeback.ts';
import { type Data, writeCsv, zip } from './data.ts';
import { benchSecret } from './far/far.ts';
import { machine } from './machine.ts';
import { median } from './measure.ts';
import { fromFile, fromHttp, fromQuery } from './ours.ts';
import { type Rig, withRig } from './rig.ts';
import { type Target, secretName, toDataWorld, toFolder, toMongo, toS3, toSftp } from './targets.ts';

/** What the process holds while nothing runs. */
interface Sample {
  readonly minute: number;
  readonly runs: number;
  readonly rows: number;
  readonly rssMb: number;
  readonly heapMb: number;
  readonly externalMb: number;
  /** Open files, sockets and pipes as the system counts them. */
  readonly descriptors: number;
  /** What keeps Node's event loop busy: sockets, timers, and everything else. */
  readonly sockets: number;
  readonly timers: number;
  readonly handles: number;
}

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '60' },
    rows: { type: 'string', default: '100000' },
    workers: { type: 'boolean', default: false },
    json: { type: 'string' },
  },
});
const minutes = Number(values.minutes);
const say = (line: string) => void process.stdout.write(`${line}\n`);
const registry = createRegistry(connectors);
const signal = new AbortController().signal;
const entry = new URL('../src/worker.ts', import.meta.url);

/** All destinations, from a file, from HTTP and through a query, in all formats that take ways of their own. */
function routesOf(rig: Rig, data: Data): object[] {
  const [file, http, zipped, query] = [
    fromFile(data),
    fromHttp(rig)(data),
    fromHttp(rig, true)(data),
    fromQuery(data),
  ];
  const folder = join(rig.folder, 'out');
  const route = (source: object, target: Target) => ({ name: target.connector, source, ...target });
  return [
    route(file, toMongo(rig)),
    route(http, toMongo(rig)),
    route(query, toMongo(rig)),
    route(file, toS3(rig)),
    // A thread does not know the authority that this one was told to trust.
    route(http, toS3(rig, {}, !values.workers)),
    route(zipped, toS3(rig, { compression: 'zstd' })),
    route(query, toS3(rig, { fileFormat: 'parquet' })),
    route(http, toDataWorld(rig)),
    route(file, toFolder(folder)),
    route(zipped, toFolder(folder)),
    ...(rig.sshd
      ? [route(file, toSftp(rig.sshd, rig.sshd.port)), route(http, toSftp(rig.sshd, rig.sshd.port))]
      : []),
  ];
}

/** As the command line reads it out of its file and environment. */
function filledIn(route: object, rig: Rig): unknown {
  return JSON.parse(JSON.stringify(route).replaceAll(secretName, benchSecret), (key, value: unknown) =>
    key === 'sshPrivateKey' ? rig.sshd?.key.private : value,
  );
}

let [runs, rows] = [0, 0];

async function move(route: object, rig: Rig, data: Data): Promise<void> {
  runs += 1;
  const writeback = checkWriteback(filledIn(route, rig), registry);
  const run = { id: `soak-${runs}`, number: runs, startedAt: new Date() };
  // As in the service, a log for each run: it remembers the tokens of its run, to hide them.
  const work = { writeback, run, log: createLog(() => {}), signal };
  const { rowsWritten } = values.workers
    ? await moveRowsInWorker(work, entry)
    : await moveRows({ ...work, registry, egress: createEgress(openPolicy) });
  if (rowsWritten !== data.rows)
    throw new Error(`${writeback.connector} wrote ${rowsWritten} rows of ${data.rows}.`);
  rows += rowsWritten;
}

/** Two at a time, as many as the service's machine has cores. */
async function round(routes: readonly object[], rig: Rig, data: Data): Promise<void> {
  const left = [...routes];
  const lane = async () => {
    for (let route = left.shift(); route; route = left.shift()) await move(route, rig, data);
  };
  await Promise.all([lane(), lane()]);
}

setFlagsFromString('--expose_gc');
const collect = runInNewContext('gc') as () => void;

function sample(started: number): Sample {
  collect();
  const { rss, heapUsed, external } = process.memoryUsage();
  const active = process.getActiveResourcesInfo();
  const count = (kinds: RegExp) => active.filter((kind) => kinds.test(kind)).length;
  const [sockets, timers] = [count(/^(TCP|TLS)/), count(/^(Timeout|Immediate)$/)];
  const mb = (bytes: number) => Math.round(bytes / 1e5) / 10;
  return {
    minute: Math.round((performance.now() - started) / 600) / 100,
    runs,
    rows,
    rssMb: mb(rss),
    heapMb: mb(heapUsed),
    externalMb: mb(external),
    descriptors: readdirSync('/proc/self/fd').length,
    sockets,
    timers,
    handles: active.length - sockets - timers,
  };
}

function show(one: Sample): void {
  const memory = `${one.rssMb} MB resident, ${one.heapMb} MB heap, ${one.externalMb} MB external`;
  const open = `${one.descriptors} descriptors, ${one.sockets} sockets, ${one.timers} timers, ${one.handles} other handles`;
  say(
    `${one.minute.toFixed(1).padStart(5)} min  ${one.runs} runs, ${(one.rows / 1e6).toFixed(1)} M rows  ${memory}  ${open}`,
  );
}

/** How much more there may be in the last quarter than in the second: MB that blocks and pools come and go by; else a leak is at work. */
const allowed = {
  rssMb: 40,
  heapMb: 5,
  externalMb: 20,
  descriptors: 0,
  sockets: 0,
  timers: 2,
  handles: 0,
} as const;

/** What is not flat: the medians of the second quarter beside the last one. The first quarter warms up. */
function judge(samples: readonly Sample[]): string[] {
  const quarter = Math.floor(samples.length / 4);
  if (quarter < 2) return ['too few rounds to tell; take more minutes'];
  const [early, late] = [samples.slice(quarter, 2 * quarter), samples.slice(-quarter)];
  return Object.entries(allowed).flatMap(([name, more]) => {
    const of = (some: readonly Sample[]) => median(some.map((one) => one[name as keyof typeof allowed]));
    const [before, after] = [of(early), of(late)];
    say(`${name}: ${before} in the second quarter, ${after} in the last`);
    return after > before + more ? [`${name} grew from ${before} to ${after}`] : [];
  });
}

async function soak(rig: Rig, data: Data): Promise<void> {
  setDefaultCACertificates([...getCACertificates(), rig.tls.ca]);
  await mkdir(join(rig.folder, 'out'));
  const routes = routesOf(rig, data);
  const samples: Sample[] = [];
  const started = performance.now();
  for (let shown = 0; performance.now() - started < minutes * 60_000;) {
    await round(routes, rig, data);
    // Closed sockets are gone after a turn or two.
    await sleep(100);
    const one = sample(started);
    samples.push(one);
    if (one.minute < shown) continue;
    show(one);
    shown = Math.floor(one.minute) + 1;
  }
  const growing = judge(samples);
  for (const what of growing) say(`NOT FLAT: ${what}`);
  if (growing.length === 0) say('Flat.');
  else process.exitCode = 1;
  if (values.json === undefined) return;
  const kept = samples.filter(
    ({ minute }, index) => Math.floor(minute) > Math.floor(samples[index - 1]?.minute ?? -1),
  );
  const figures = {
    date: new Date().toISOString().slice(0, 10),
    ...machine(),
    minutes,
    growing,
    samples: kept,
  };
  writeFileSync(values.json, `${JSON.stringify(figures, undefined, 2)}\n`);
}

const folder = await mkdtemp(join(tmpdir(), 'writeback-soak-'));
try {
  const data = writeCsv(join(folder, 'rows.csv'), Number(values.rows));
  zip(data, data);
  await withRig({ data: [data], zipped: data, folder, keep: false }, (rig) => soak(rig, data));
} finally {
  await rm(folder, { recursive: true, force: true });
}
