// `npm run bench [-- name… --quick --json FILE]`: we and what a user would run instead, in turn, on this machine.
// `npm run bench -- --markdown FILE` writes the figures of such a file into docs/benchmarks.md.
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { writeCsv, zip } from './data.ts';
import { enginePaths } from './engine-path.ts';
import { expectedOf } from './expected.ts';
import type { Figures, Judged } from './figures.ts';
import { httpPaths } from './http-paths.ts';
import { machine } from './machine.ts';
import { duckdbParquet, mongodbPaths } from './mongodb-paths.ts';
import { writeParquet } from './parquet-data.ts';
import type { Path } from './path.ts';
import { type Conditions, race } from './race.ts';
import { keepFigures, writeTable } from './results.ts';
import { type Rig, withRig } from './rig.ts';
import { s3Paths } from './s3-paths.ts';
import { scripts, runScript } from './scripts.ts';
import { sftpPaths } from './sftp-paths.ts';

const { values, positionals: only } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'string' },
    markdown: { type: 'string' },
    rounds: { type: 'string' },
  },
});
const { quick } = values;
const say = (line: string) => void process.stdout.write(`${line}\n`);
const isWanted = ({ name }: { readonly name: string }) => only.length === 0 || only.includes(name);

const pathsOf = (rig: Rig): Path[] => [
  ...mongodbPaths(rig),
  ...s3Paths(rig),
  ...sftpPaths(rig, quick),
  ...httpPaths(rig),
  ...enginePaths(rig),
];

/** Below half of a line, a quick bench fails: no machine is as uneven as that. */
const isTooLittle = ({ share }: Judged) => share < 0.5;

function judgeQuick(all: ReadonlyMap<string, Figures>): void {
  for (const [name, { lines }] of all) {
    for (const { line, reached } of lines.filter(isTooLittle)) {
      say(`FAILED ${name}: ${line}, but it is ${reached}.`);
      process.exitCode = 1;
    }
  }
}

async function measureAll(folder: string): Promise<Map<string, Figures>> {
  const million = writeCsv(join(folder, 'rows.csv'), quick ? 100_000 : 1_000_000);
  const tenMillion = quick ? million : writeCsv(join(folder, 'more-rows.csv'), 10_000_000);
  const zipped = isWanted({ name: 'gzip-source' }) ? tenMillion : undefined;
  if (zipped) zip(zipped, million);
  if (isWanted({ name: duckdbParquet })) await writeParquet(million);
  const rounds = Number(values.rounds ?? (quick ? 1 : 3));
  const expected = quick ? await expectedOf(million) : undefined;
  const conditions: Conditions = { million, tenMillion, rounds, quick, expected, say };
  const all = new Map<string, Figures>();
  const keep = (name: string, figures: Figures) => {
    all.set(name, figures);
    if (values.json !== undefined) keepFigures(values.json, machine(), name, figures);
  };
  for (const script of scripts.filter(isWanted)) {
    if (!quick || !script.onlyFull) keep(script.name, await runScript(script, quick));
  }
  const data = quick ? [million] : [million, tenMillion];
  await withRig({ data, zipped, folder, keep: quick }, async (rig) => {
    const paths = pathsOf(rig);
    const known = [...scripts, ...paths].map(({ name }) => name);
    const unknown = only.find((name) => !known.includes(name));
    if (unknown !== undefined) {
      throw new Error(`There is no path “${unknown}”: ${known.join(', ')}.`);
    }
    for (const path of paths.filter(isWanted)) {
      const figures = await race(path, conditions);
      // A bad second of the machine is no slow program: what falls short in one round is measured by three.
      const again = quick && figures.lines.some(isTooLittle);
      keep(path.name, again ? await race(path, { ...conditions, rounds: 3 }) : figures);
    }
  });
  return all;
}

async function bench(): Promise<void> {
  execFileSync('npm', ['run', 'build', '--silent'], { stdio: 'inherit' });
  const folder = await mkdtemp(join(tmpdir(), 'writeback-bench-'));
  // Some gigabytes that nobody would look for.
  process.once('SIGINT', () => {
    rmSync(folder, { recursive: true, force: true });
    process.kill(process.pid, 'SIGTERM');
  });
  try {
    const all = await measureAll(folder);
    if (quick) judgeQuick(all);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

if (values.markdown !== undefined) {
  const page = fileURLToPath(new URL('../docs/benchmarks.md', import.meta.url));
  writeTable(values.markdown, page);
} else await bench();
