// Figures in a file of JSON, into which every bench puts what it measured; the table in the docs is made of it, not typed.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { Contender, Figures } from './figures.ts';
import type { Machine } from './machine.ts';

/** A file of figures: the paths by name, each as it was measured last. */
interface Results extends Machine {
  readonly date: string;
  readonly paths: Readonly<Record<string, Figures>>;
}

const read = (file: string) => JSON.parse(readFileSync(file, 'utf8')) as Results;

/** Adds one path's figures to the file, which is made when it is not there. */
export function keepFigures(file: string, machine: Machine, name: string, figures: Figures): void {
  const paths = existsSync(file) ? read(file).paths : {};
  const results: Results = {
    date: new Date().toISOString().slice(0, 10),
    ...machine,
    paths: { ...paths, [name]: figures },
  };
  writeFileSync(file, `${JSON.stringify(results, undefined, 2)}\n`);
}

const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
const escaped = (text: string) => text.replaceAll('|', '\\|');

function contenderRow({
  name,
  rowsPerSecond,
  mbPerSecond,
  cpuSeconds,
  peakMb,
  ratio,
  cpuRatio,
}: Contender): string {
  const isOurs = ratio === undefined;
  const shown = escaped(name);
  return row([
    isOurs ? `**${shown}**` : shown,
    `${Math.round(rowsPerSecond / 1000)} k`,
    String(mbPerSecond),
    cpuSeconds.toFixed(2),
    String(peakMb),
    isOurs ? '' : ratio.toFixed(2),
    isOurs ? '' : `${cpuRatio?.toFixed(2)}`,
  ]);
}

function section({ title, rows, bytes, contenders, lines, missing }: Figures): string[] {
  const size = rows > 0 ? `, ${rows / 1e6} M rows, ${Math.round(bytes / 1e6)} MB` : '';
  const heads = ['', 'rows/s', 'MB/s', 'CPU s', 'peak MB', 'we are faster', 'per CPU'];
  const table = [
    row(heads),
    row(['---', ...heads.slice(1).map(() => '---:')]),
    ...contenders.map(contenderRow),
  ];
  return [
    `### ${title}${size}`,
    '',
    ...(contenders.length > 0 ? [...table, ''] : []),
    ...lines.map(
      ({ line, reached, met }) => `- ${met ? 'met' : '**not met**'}: ${escaped(line)}: ${escaped(reached)}`,
    ),
    ...missing.map((name) => `- not installed: ${escaped(name)}`),
    '',
  ];
}

/** What falls short, first: nobody should have to look for it. */
function shortfalls(paths: readonly Figures[]): string[] {
  const all = paths.flatMap(({ title, lines }) => lines.map((line) => ({ title, ...line })));
  const missed = all.filter(({ met }) => !met);
  const head = `${all.length - missed.length} of ${all.length} lines are met.`;
  const list = missed.map(
    ({ title, line, reached }) => `- ${title}: ${escaped(line)}, reached ${escaped(reached)}`,
  );
  return [missed.length > 0 ? `${head} Not met:` : head, '', ...list, ''];
}

const marks = ['<!-- figures -->', '<!-- end of figures -->'] as const;

/** Writes the figures between the two marks of a page. Throws when the marks are not there. */
export function writeTable(file: string, page: string): void {
  const { date, machine, versions, paths } = read(file);
  const tools = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const figures = Object.values(paths);
  const head = `Measured on ${date}: ${machine}. ${tools.join(', ')}.`;
  const lines = [head, '', ...shortfalls(figures), ...figures.flatMap(section)];
  const text = readFileSync(page, 'utf8');
  const [before, rest] = text.split(marks[0]);
  const after = rest?.split(marks[1])[1];
  if (before === undefined || after === undefined) throw new Error(`${page} lacks ${marks.join(' and ')}.`);
  writeFileSync(page, [before + marks[0], '', lines.join('\n').trim(), '', marks[1] + after].join('\n'));
}
