// `node bench/service.ts [million rows]`: what the service promises, measured on dist/main.js and the embedded database. Its last
// line is its figures.
import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Data, writeCsv } from './data.ts';
import type { Figures, Judged } from './figures.ts';
import { startFar, stopFar } from './rig.ts';
import { besideCommand } from './service/beside-command.ts';
import { callLists, callUntil } from './service/timed-calls.ts';
import { killedWorker } from './service/killed-worker.ts';
import { percentile, within } from './service/time-limits.ts';
import { type Place, newPlace } from './service/data-place.ts';
import { fireAll, saveMany } from './service/schedules.ts';
import { startUp } from './service/start-up.ts';
import { startService } from './service/started.ts';
import { ended, runNow, saveWrite } from './service/writes.ts';

const rounds = 3;
const millions = Number(process.argv[2] ?? 10);
const lines: Judged[] = [];

function keep(judged: readonly Judged[]): void {
  lines.push(...judged);
  for (const { line, reached, met } of judged)
    process.stdout.write(`  ${met ? '✓' : '✗'} ${line}: ${reached}\n`);
}

/** Many schedules and runs, and nobody who works. */
async function manyRecords(): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const place = await newPlace(stack);
  await saveMany(place, 10_000, 100_000);
  const { url } = await startService(place.folder, 'api,scheduler', stack);
  keep(await callLists(url, place, 100));
  keep(await fireAll(place, 10_000));
}

/** How long calls take while as many large writes run in the same process. */
async function besideWrites(
  place: Place,
  url: string,
  writebacks: readonly string[],
  data: Data,
): Promise<Judged[]> {
  const over = new AbortController();
  const calling = callUntil(url, place, over.signal);
  const ids = await Promise.all(writebacks.map((id) => runNow(url, place, id)));
  const runs = Promise.all(ids.map((id) => ended(place, id, data))).finally(() => over.abort());
  const [took] = await Promise.all([calling, runs]);
  const what = `calls while ${writebacks.length} writes of ${data.rows / 1e6} M rows run in the same process, p99 of ${took.length}`;
  return [within(what, percentile(took, 0.99), 100, 'ms')];
}

async function largeWrites(folder: string): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const data = writeCsv(join(folder, 'rows.csv'), millions * 1_000_000);
  const children: ChildProcess[] = [];
  stack.defer(async () => void (await Promise.all(children.map(stopFar))));
  const far = await startFar('http-sink', children, []);
  const place = await newPlace(stack);
  const saved: string[] = [];
  for (let number = 0; number < 4; number += 1) saved.push(await saveWrite(place, data, far));
  const [writebackId = ''] = saved;
  const all = await startService(place.folder, 'all', stack);
  keep(await besideCommand(place, { url: all.url, writebackId, data, far, rounds }));
  keep(await besideWrites(place, all.url, saved, data));
  await all.end('SIGTERM');
  const { url } = await startService(place.folder, 'api,scheduler', stack);
  keep(await killedWorker(place, { url, writebackId, data, rounds }));
}

const folder = await mkdtemp(join(tmpdir(), 'writeback-bench-'));
try {
  keep(await startUp(rounds));
  await manyRecords();
  await largeWrites(folder);
} finally {
  await rm(folder, { recursive: true, force: true });
}
const figures: Figures = { title: 'The service', rows: 0, bytes: 0, contenders: [], lines, missing: [] };
process.stdout.write(`${JSON.stringify(figures)}\n`);
