// `npm run bench [-- name…]`: us and what a user would run instead, in one run; then our memory for 1 M and for 5 M rows.
import { execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { mixedCsv } from '../test/data/mixed-rows.ts';
import { type Measured, type Timed, measure, median } from './measure.ts';
import { type Path, columnTypes, environmentOf, pathsTo } from './paths.ts';
import type { Sinks } from './sinks.ts';

const rounds = 3;
/** What users install: the built package, without the cost of stripping types at each start. */
const main = new URL('../dist/main.js', import.meta.url).pathname;
const say = (line: string) => process.stdout.write(`${line}\n`);

async function generate(folder: string, rows: number): Promise<{ csv: string; rows: number; bytes: number }> {
  const csv = join(folder, `${rows}.csv`);
  await pipeline(Readable.from(mixedCsv(rows), { objectMode: true }), createWriteStream(csv));
  return { csv, rows, bytes: (await stat(csv)).size };
}

type Data = Awaited<ReturnType<typeof generate>>;

async function ours(
  path: Path,
  data: Data,
  folder: string,
  environment: Record<string, string>,
): Promise<Timed> {
  const file = join(folder, `${path.name.replace(' ', '-')}-${data.rows}.yaml`);
  const source = { kind: 'local', path: data.csv, columns: columnTypes };
  await writeFile(file, JSON.stringify({ name: `bench ${path.name}`, source, ...path.writeback }));
  // Every round is a run of its own: an Append that is replayed would be told that all is there already.
  return {
    command: process.execPath,
    words: [main, 'run', file, '--json', '--run-id', `bench-${performance.now()}`],
    environment,
  };
}

const figures = ({ seconds, cpuSeconds, peakMb }: Measured, { rows, bytes }: Data) =>
  [
    `${seconds.toFixed(2)} s`,
    `${Math.round(rows / seconds / 1000)} k rows/s`,
    `${Math.round(bytes / seconds / 1e6)} MB/s`,
    `${cpuSeconds.toFixed(1)} s CPU`,
    `${Math.round(peakMb)} MB peak`,
  ]
    .map((text) => text.padStart(15))
    .join('');

async function race(
  path: Path,
  data: Data,
  folder: string,
  environment: Record<string, string>,
): Promise<Measured> {
  const mine: Measured[] = [];
  const theirs: Measured[] = [];
  for (let round = 0; round < rounds; round += 1) {
    mine.push(await measure(await ours(path, data, folder, environment)));
    if (path.rival) theirs.push(await measure(path.rival.timed(data.csv)));
  }
  const best = median(mine);
  say(`${path.name.padEnd(24)}${figures(best, data)}`);
  if (path.rival) {
    const other = median(theirs);
    const ratio = other.seconds / best.seconds;
    say(
      `  ${path.rival.name.padEnd(22)}${figures(other, data)}   ratio ${ratio.toFixed(2)} (at least ${path.rival.atLeast})`,
    );
  }
  return best;
}

async function withSinks(use: (sinks: Sinks) => Promise<void>): Promise<void> {
  const child = fork(new URL('./sinks.ts', import.meta.url));
  const [sinks] = (await once(child, 'message')) as [Sinks];
  try {
    await use(sinks);
  } finally {
    child.send('stop');
    await once(child, 'exit');
  }
}

const only = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const quick = process.argv.includes('--quick');
const folder = await mkdtemp(join(tmpdir(), 'writeback-bench-'));
try {
  execFileSync('npm', ['run', 'build', '--silent'], { stdio: 'inherit' });
  say(
    `${cpus().length} × ${cpus()[0]?.model}, ${Math.round(totalmem() / 1e9)} GB, Node ${process.version}, medians of ${rounds}`,
  );
  const small = await generate(folder, quick ? 100_000 : 1_000_000);
  const large = quick ? undefined : await generate(folder, 5_000_000);
  await mkdir(join(folder, 'out'));
  await withSinks(async (sinks) => {
    const environment = environmentOf(sinks);
    for (const path of pathsTo(sinks, join(folder, 'out')).filter(
      ({ name }) => only.length === 0 || only.includes(name),
    )) {
      const less = await race(path, small, folder, environment);
      if (!large) continue;
      const more = path.large
        ? await race(path, large, folder, environment)
        : await measure(await ours(path, large, folder, environment));
      const growth = (more.peakMb / less.peakMb - 1) * 100;
      say(
        `  5 M rows              ${figures(more, large)}   memory ${growth >= 0 ? '+' : ''}${growth.toFixed(0)} % (limit ${path.limitMb} MB)`,
      );
    }
  });
} finally {
  await rm(folder, { recursive: true, force: true });
}
