// `node bench/event-loop.ts [million rows]`: on a machine where nothing else runs, how late a timer of 10 ms is in the main thread while one large write is going,
// when the write runs in the same thread and when it runs in a worker.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createRegistry } from '../src/connector/registry.ts';
import { connectors } from '../src/connectors.ts';
import { createEgress } from '../src/egress/egress.ts';
import { createLog } from '../src/log.ts';
import { moveRows } from '../src/run/move-rows.ts';
import { type RunInWorker, moveRowsInWorker } from '../src/run/run-in-worker.ts';
import { checkWriteback } from '../src/run/writeback.ts';
import { writeCsv } from './data.ts';
import { benchSecret } from './far/far.ts';
import { mixedColumns } from '../test/data/mixed-rows.ts';

const period = 10;
const longest = 30_000;
const say = (line: string) => process.stdout.write(`${line}\n`);
const registry = createRegistry(connectors);
const entry = new URL('../src/worker.ts', import.meta.url);

/** A timer of 10 ms that notes how late it was, in ms, each time. */
function startTimer(): () => Float64Array {
  const late: number[] = [];
  let due = performance.now() + period;
  let timer = setTimeout(function tick() {
    late.push(performance.now() - due);
    due = performance.now() + period;
    timer = setTimeout(tick, period);
  }, period);
  return () => {
    clearTimeout(timer);
    // The last wait is over too when the thread was never free again.
    if (performance.now() > due) late.push(performance.now() - due);
    return Float64Array.from(late).toSorted();
  };
}

function lateness(late: Float64Array): string {
  const at = (share: number) =>
    `${(late[Math.floor((late.length - 1) * share)] ?? 0).toFixed(1).padStart(7)} ms`;
  return `p50 ${at(0.5)}   p99 ${at(0.99)}   max ${at(1)}`;
}

type Way = (work: RunInWorker) => Promise<unknown>;

/** One write of one way, cut off after 30 s. */
async function measured(way: Way, value: object): Promise<string> {
  const canceling = new AbortController();
  const limit = setTimeout(() => canceling.abort(), longest);
  let rows = 0;
  const work: RunInWorker = {
    writeback: checkWriteback(value, registry),
    run: { id: `${performance.now()}`, number: 1, startedAt: new Date() },
    log: createLog(() => {}),
    signal: canceling.signal,
    progress: (seen) => void (rows = seen),
  };
  const stop = startTimer();
  const begun = performance.now();
  const before = process.cpuUsage();
  await way(work).catch((error: unknown) => {
    if (!canceling.signal.aborted) throw error;
  });
  const seconds = (performance.now() - begun) / 1000;
  const { user, system } = process.cpuUsage(before);
  clearTimeout(limit);
  const cost = `${(rows / 1e6).toFixed(1)} M rows in ${seconds.toFixed(1)} s, ${((user + system) / 1e6).toFixed(1)} s CPU`;
  return `${lateness(stop())}   ${cost}, ${Math.round(process.memoryUsage.rss() / 1e6)} MB`;
}

const ways: Record<string, Way> = {
  'same thread': (work) => moveRows({ ...work, registry, egress: createEgress() }),
  worker: (work) => moveRowsInWorker(work, entry),
};

async function bench(millions: number): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'writeback-event-loop-'));
  const sink = fork(new URL('far/mongo-sink.ts', import.meta.url));
  const [{ port }] = (await once(sink, 'message')) as [{ port: number }];
  try {
    const path = join(folder, 'rows.csv');
    writeCsv(path, millions * 1_000_000);
    const columns = Object.fromEntries(mixedColumns.map(({ name, type }) => [name, type]));
    const source = { name: 'Rows', source: { kind: 'local', path, columns } };
    const account = {
      host: '127.0.0.1',
      databasePort: port,
      username: 'loader',
      password: benchSecret,
      databaseName: 'bench',
    };
    const writes = {
      'JSON Lines to a folder': {
        connector: 'folder',
        credentials: { folder },
        details: { fileName: 'out', fileFormat: 'jsonl' },
      },
      'documents to MongoDB': {
        connector: 'mongodb',
        credentials: account,
        details: { collectionNameSource: 'customName', customCollectionName: 'ours', writeMode: 'append' },
      },
    };
    const idle = startTimer();
    await sleep(5_000);
    say(`${'nothing'.padEnd(38)}${lateness(idle())}`);
    for (const [write, value] of Object.entries(writes)) {
      for (const [name, way] of Object.entries(ways)) {
        say(`${write.padEnd(24)}${name.padEnd(14)}${await measured(way, { ...source, ...value })}`);
      }
    }
  } finally {
    sink.kill();
    await rm(folder, { recursive: true, force: true });
  }
}

await bench(Number(process.argv[2] ?? 10));
