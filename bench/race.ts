// One path: we and our rivals in turn, so that all meet the same machine; and what arrived is what should have.
import { existsSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import type { Data } from './data.ts';
import type { Expected } from './expected.ts';
import type { Arrived } from './far/far.ts';
import { type Contender, type Figures, contender, judgeAll, judgeGrowth } from './figures.ts';
import { type Measured, type Timed, measure } from './measure.ts';
import type { Path, Rival } from './path.ts';

/** Data for both sizes; in a quick bench both are the same. */
export interface Conditions {
  readonly million: Data;
  readonly tenMillion: Data;
  readonly rounds: number;
  readonly quick: boolean;
  readonly expected: Expected | undefined;
  readonly say: (line: string) => void;
}

const isThere = (tool: string): boolean =>
  isAbsolute(tool)
    ? existsSync(tool)
    : (process.env['PATH'] ?? '').split(delimiter).some((folder) => existsSync(join(folder, tool)));

/** Throws when something else arrived than what was sent. */
function check(path: Path, data: Data, arrived: Arrived, expected: Expected | undefined): void {
  const wrong = (what: string, should: number, is: number) => {
    if (should !== is)
      throw new Error(`WRONG OUTPUT of ${path.name}: ${what} should be ${should}, but is ${is}.`);
  };
  if (arrived.pieces === 0) throw new Error(`WRONG OUTPUT of ${path.name}: nothing arrived.`);
  if (/documents|count/.test(path.expects)) wrong('documents', data.rows, arrived.documents);
  if (path.expects === 'file') wrong('bytes', data.bytes, arrived.bytes);
  if (expected && path.expects === 'file') wrong('CRC-32', expected.file, arrived.crc32);
  if (expected && path.expects === 'documents') wrong('CRC-32', expected.documents, arrived.crc32);
}

/** Our own word must be right too: the receipt's rows. */
function checkReceipt(path: Path, data: Data, { output }: Measured): void {
  const receipt = output.split('\n').find((line) => line.startsWith('{"event":"receipt"')) ?? '{}';
  const { rowsWritten } = JSON.parse(receipt) as { rowsWritten?: number };
  if (rowsWritten !== data.rows) throw new Error(`WRONG RECEIPT of ${path.name}: ${receipt}`);
}

async function runOurs(path: Path, data: Data, conditions: Conditions): Promise<Measured> {
  const measured = await measure(await path.ours(data));
  checkReceipt(path, data, measured);
  check(path, data, await path.arrived(), conditions.expected);
  return measured;
}

async function runRival(path: Path, { other }: Rival, timed: Timed, data: Data): Promise<Measured> {
  const measured = await measure(timed);
  const arrived = await path.arrived();
  if (!other && path.expects === 'file') check(path, data, arrived, undefined);
  return measured;
}

const column = (text: string) => text.padStart(14);

function show({
  name,
  seconds,
  cpuSeconds,
  peakMb,
  rowsPerSecond,
  mbPerSecond,
  ratio,
  cpuRatio,
}: Contender): string {
  const columns = [
    `${seconds.toFixed(2)} s`,
    `${Math.round(rowsPerSecond / 1000)} k rows/s`,
    `${mbPerSecond} MB/s`,
    `${cpuSeconds.toFixed(2)} s CPU`,
    `${peakMb} MB peak`,
  ];
  const beside =
    ratio === undefined ? '' : `   we: ${ratio.toFixed(2)} × its speed, ${cpuRatio?.toFixed(2)} × per CPU`;
  return `  ${name.padEnd(38)}${columns.map(column).join('')}${beside}`;
}

/** Measures one path and prints it. Throws on wrong output. */
export async function race(path: Path, conditions: Conditions): Promise<Figures> {
  const { rounds, quick, say } = conditions;
  const isLarge = path.rows === 'ten million';
  const data = isLarge ? conditions.tenMillion : conditions.million;
  const wanted = path.rivals.filter(({ onlyFull }) => !quick || !onlyFull);
  const rivals = wanted.filter(({ tools }) => tools.every(isThere));
  const mine: Measured[] = [];
  const theirs = new Map<Rival, Measured[]>(rivals.map((rival) => [rival, []]));
  for (let turn = 0; turn < rounds; turn += 1) {
    mine.push(await runOurs(path, data, conditions));
    for (const rival of rivals) theirs.get(rival)?.push(await runRival(path, rival, rival.timed(data), data));
  }
  const ours = contender('Writeback', mine, data);
  const contenders = [ours, ...[...theirs].map(([{ name }, runs]) => contender(name, runs, data, mine))];
  const lines = judgeAll(path, contenders, quick);
  if (path.growth && !quick) {
    const other = await runOurs(path, isLarge ? conditions.million : conditions.tenMillion, conditions);
    lines.push(isLarge ? judgeGrowth(other.peakMb, ours.peakMb) : judgeGrowth(ours.peakMb, other.peakMb));
  }
  const missing = wanted.filter((rival) => !rivals.includes(rival)).map(({ name }) => name);
  say(
    `\n${path.title} (${path.name}), ${data.rows.toLocaleString('en')} rows, ${Math.round(data.bytes / 1e6)} MB`,
  );
  for (const one of contenders) say(show(one));
  for (const { line, reached, met } of lines) say(`  ${met ? '✓' : '✗'} ${line}: ${reached}`);
  for (const name of missing)
    say(`  !!! MISSING RIVAL: ${name}. Install it by the scripts in test/servers/install/.`);
  return { title: path.title, rows: data.rows, bytes: data.bytes, contenders, lines, missing };
}
