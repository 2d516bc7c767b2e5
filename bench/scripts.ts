// What is measured inside one process is a program of its own.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Figures } from './figures.ts';

/** Such a program, and how its figures are read. */
export interface Script {
  readonly name: string;
  readonly words: (quick: boolean) => readonly string[];
  readonly figures: (lines: readonly string[]) => Figures;
  /** Tells nothing while anything else runs, and takes its time. */
  readonly onlyFull: boolean;
}

/** How late the main thread's timer may be, in milliseconds, at p99, while a worker moves 10 M rows. */
const latest = 50;

/** Of a program whose last line is its figures. */
const lastLine: Script['figures'] = (lines) => JSON.parse(lines.at(-1) ?? '') as Figures;

/** The kernel beside csv-parse. */
const kernel: Script = {
  name: 'kernel',
  words: (quick) => (quick ? ['--quick'] : []),
  figures: lastLine,
  onlyFull: false,
};

/** What the service promises of start-up, schedules, API, overhead and crashes. */
const service: Script = { name: 'service', words: () => [], figures: lastLine, onlyFull: true };

/** How late a timer is: a line for each write and way, with `p99 1.2 ms`. */
const eventLoop: Script = {
  name: 'event-loop',
  words: () => [],
  figures(said) {
    const lines = said.flatMap((line) => {
      const [, write, late] = /^(.*?)\s+worker\s.*p99\s+([\d.]+) ms/.exec(line) ?? [];
      if (write === undefined || late === undefined) return [];
      const name = `${write} by a worker: a timer of 10 ms in the main thread is late by ≤ ${latest} ms at p99`;
      const share = Math.min(100, latest / Number(late));
      return [{ line: name, reached: `${late} ms`, met: Number(late) <= latest, share }];
    });
    return {
      title: 'Event loop while 10 M rows are moved',
      rows: 0,
      bytes: 0,
      contenders: [],
      lines,
      missing: [],
    };
  },
  onlyFull: true,
};

/** One worker beside four: its last line is its figures. */
const workers: Script = {
  name: 'workers',
  words: () => [],
  figures: lastLine,
  onlyFull: true,
};

export const scripts: readonly Script[] = [kernel, eventLoop, service, workers];

/** Runs one to its end; what it says is shown. Throws when it fails. */
export async function runScript({ name, words, figures }: Script, quick: boolean): Promise<Figures> {
  const file = new URL(`${name}.ts`, import.meta.url).pathname;
  const child = spawn(process.execPath, [file, ...words(quick)], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (text: Buffer) => (output += text.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  const lines = output.trimEnd().split('\n');
  if (code !== 0) throw new Error(`${name} ended with ${code}: ${output.slice(-2000)}`);
  process.stdout.write(`\n${name}\n${lines.filter((line) => !line.startsWith('{')).join('\n')}\n`);
  return figures(lines);
}
