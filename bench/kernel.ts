// The kernel beside its TypeScript reference and beside csv-parse with typing: in one process, from memory, nothing written.
import { Readable } from 'node:stream';
import { BSON } from 'bson';
import { parse } from 'csv-parse';
import { batches } from '../src/dataset/batches.ts';
import type { Column } from '../src/dataset/dataset.ts';
import { useKernel } from '../src/dataset/kernel/kernel-module.ts';
import { countRecords } from '../src/dataset/record-counter.ts';
import { csvOf, variants } from './data.ts';
import { contender, type Figures, type Judged } from './figures.ts';
import { type Measured, median } from './measure.ts';
import { typedValue } from './rivals/typed-value.ts';

/** Rows in memory, in pieces as a file gives them. */
interface Rows {
  readonly columns: readonly Column[];
  readonly csv: Buffer;
  readonly rows: number;
}

type Way = (rows: Rows) => Promise<void>;

const quick = process.argv.includes('--quick');
const rounds = quick ? 3 : 5;
const pieceBytes = 256 * 1024;
const options = { nulls: 'null', fieldNames: 'keep', strict: false } as const;

const say = (line: string) => void process.stdout.write(`${line}\n`);

function inMemory(name: keyof typeof variants, megabytes: number): Rows {
  const variant = variants[name];
  const pieces: Buffer[] = [];
  let bytes = 0;
  let rows = 0;
  for (const piece of csvOf(variant, 1_000_000)) {
    pieces.push(Buffer.from(piece));
    bytes += piece.length;
    if (pieces.length > 1) rows += 20_000;
    if (bytes > megabytes * 1e6) break;
  }
  return { columns: variant.columns, csv: Buffer.concat(pieces), rows };
}

async function* piecesOf({ csv }: Rows): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < csv.length; at += pieceBytes) yield csv.subarray(at, at + pieceBytes);
}

const encode =
  (kind: 'bson' | 'jsonl', kernel: boolean): Way =>
  async (rows) => {
    useKernel(kernel);
    let count = 0;
    for await (const batch of batches(piecesOf(rows), rows.columns, { batchBytes: 1_500_000 }))
      count += batch[kind](options).count;
    if (count !== rows.rows) throw new Error(`${count} of ${rows.rows} rows were encoded.`);
  };

const count =
  (kernel: boolean): Way =>
  async (rows) => {
    useKernel(kernel);
    const counted = countRecords(piecesOf(rows), rows.columns);
    for await (const _ of counted);
    if (counted.rows !== rows.rows) throw new Error(`${counted.rows} of ${rows.rows} rows were counted.`);
  };

const csvParse: Way = async (rows) => {
  let count = 0;
  for await (const cells of Readable.from(piecesOf(rows)).pipe(parse({ fromLine: 2 }))) {
    const document: Record<string, unknown> = {};
    for (const [place, { name, type }] of rows.columns.entries()) {
      const text = (cells as string[])[place] ?? '';
      document[name] = text === '' ? null : typedValue(type, text);
    }
    count += BSON.serialize(document).length > 0 ? 1 : 0;
  }
  if (count !== rows.rows) throw new Error(`${count} of ${rows.rows} rows were parsed.`);
};

async function timed(way: Way, rows: Rows): Promise<Measured> {
  const [before, started] = [process.cpuUsage(), performance.now()];
  await way(rows);
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(before);
  return { seconds, cpuSeconds: (user + system) / 1e6, peakMb: process.memoryUsage.rss() / 1e6, output: '' };
}

/** Runs all ways in turn, each once more beforehand so that it is compiled. */
async function race<Name extends string>(ways: Record<Name, Way>, rows: Rows) {
  const runs = {} as Record<Name, Measured[]>;
  const entries = Object.entries(ways) as [Name, Way][];
  for (let round = -1; round < rounds; round += 1) {
    for (const [name, way] of entries) {
      const run = await timed(way, rows);
      runs[name] = round < 0 ? [] : [...runs[name], run];
    }
  }
  return runs;
}

const perCpu = (amount: number, runs: readonly Measured[]) =>
  amount / median(runs.map(({ cpuSeconds }) => cpuSeconds));

function judged(line: string, reached: number, wanted: number, show: (value: number) => string): Judged {
  const share = Number((reached / wanted).toFixed(2));
  return { line, reached: show(reached), met: reached >= wanted, share };
}

async function variantLines(): Promise<void> {
  for (const name of Object.keys(variants) as (keyof typeof variants)[]) {
    const rows = inMemory(name, 20);
    const runs = await race(
      { bson: encode('bson', true), jsonl: encode('jsonl', true), count: count(true) },
      rows,
    );
    const show = (way: 'bson' | 'jsonl' | 'count') =>
      `${way} ${(perCpu(rows.csv.length, runs[way]) / 1e6).toFixed(0).padStart(5)} MB/s, ${(perCpu(rows.rows, runs[way]) / 1e6).toFixed(2).padStart(5)} M rows/s`;
    say(`  ${name.padEnd(14)}${show('bson')}   ${show('jsonl')}   ${show('count')} (of processor time)`);
  }
}

async function mixedFigures(): Promise<Figures> {
  const rows = inMemory('mixed', quick ? 10 : 20);
  const runs = await race(
    {
      'kernel → BSON': encode('bson', true),
      'kernel → JSON Lines': encode('jsonl', true),
      'kernel, count': count(true),
      'reference → BSON': encode('bson', false),
      'reference, count': count(false),
      'csv-parse + typing → BSON': csvParse,
    },
    rows,
  );
  const size = { rows: rows.rows, bytes: rows.csv.length };
  const ours = runs['kernel → BSON'];
  const contenders = Object.entries(runs).map(([name, measured]) =>
    contender(name, measured, size, name === 'kernel → BSON' ? undefined : ours),
  );
  for (const one of contenders)
    say(
      `  ${one.name.padEnd(28)}${(one.rowsPerSecond / 1e6).toFixed(2).padStart(6)} M rows/s ${String(one.mbPerSecond).padStart(6)} MB/s ${one.cpuSeconds.toFixed(2).padStart(6)} s CPU${one.cpuRatio === undefined ? '' : `   ${one.cpuRatio.toFixed(2)} × the CPU time of the kernel → BSON`}`,
    );
  const parse = contenders.find(({ name }) => name.startsWith('csv-parse'))?.cpuRatio ?? 0;
  const counted = perCpu(size.bytes, runs['kernel, count']);
  const lines = [
    judged('≥ 18 × csv-parse with typing, CPU time', parse, 18, (value) => `${value.toFixed(1)} ×`),
    judged('record count ≥ 1.5 GB/s', counted / 1e9, 1.5, (value) => `${value.toFixed(2)} GB/s`),
  ];
  return { title: 'kernel', ...size, contenders, lines, missing: [] };
}

const figures = await mixedFigures();
if (!quick) await variantLines();
for (const { line, reached, met } of figures.lines) say(`  ${line}: ${reached}${met ? '' : ', missed'}`);
say(JSON.stringify(figures));
