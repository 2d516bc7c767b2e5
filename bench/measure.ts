import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';

/** A command to time, with all processes that it starts. */
export interface Timed {
  readonly command: string;
  readonly words: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** A file for its standard input. */
  readonly input?: string;
}

/** One finished run of a command. */
export interface Measured {
  readonly seconds: number;
  /** User and system, of the process and all that it waited for. */
  readonly cpuSeconds: number;
  /** Highest resident memory in MB of 1,000,000 bytes; of a pipeline, the sum. */
  readonly peakMb: number;
  readonly output: string;
}

const ticksPerSecond = 100;

const read = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // The process is gone.
    return '';
  }
};

/** What all children that this process has waited for have used, and theirs: Linux adds it up when a child is gone. */
function childrenSeconds(): number {
  const fields = read('/proc/self/stat')
    .replace(/^.*\) /s, '')
    .split(' ');
  return (Number(fields[13]) + Number(fields[14])) / ticksPerSecond;
}

/** The process and all below it. */
function tree(pid: number): number[] {
  const children = read(`/proc/${pid}/task/${pid}/children`).trim().split(' ').filter(Boolean).map(Number);
  return [pid, ...children.flatMap(tree)];
}

/** Looks up the high-water marks, which Linux forgets with the process, until stopped; then tells their sum in MB. */
function watchMemory(pid: number): () => number {
  const peaks = new Map<number, number>();
  const look = () => {
    for (const one of tree(pid)) {
      const [, kilobytes] = /VmHWM:\s+(\d+) kB/.exec(read(`/proc/${one}/status`)) ?? [];
      if (kilobytes !== undefined) peaks.set(one, (Number(kilobytes) * 1024) / 1e6);
    }
  };
  const timer = setInterval(look, 20);
  return () => {
    clearInterval(timer);
    return [...peaks.values()].reduce((sum, peak) => sum + peak, 0);
  };
}

/** Runs a command to its end. One at a time: processor time is told of all children together. Throws when it fails. */
export async function measure({ command, words, environment = {}, input }: Timed): Promise<Measured> {
  const stdin = input === undefined ? 'ignore' : openSync(input, 'r');
  const [before, started] = [childrenSeconds(), performance.now()];
  const child = spawn(command, [...words], {
    env: { ...process.env, ...environment },
    stdio: [stdin, 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout?.on('data', (text: Buffer) => (output += text.toString()));
  child.stderr?.on('data', (text: Buffer) => (output += text.toString()));
  const peak = watchMemory(child.pid ?? 0);
  const [code] = (await once(child, 'close')) as [number | null];
  const seconds = (performance.now() - started) / 1000;
  if (typeof stdin === 'number') closeSync(stdin);
  const measured = { seconds, cpuSeconds: childrenSeconds() - before, peakMb: peak(), output };
  if (code !== 0) throw new Error(`${command} ${words.join(' ')} ended with ${code}: ${output.slice(-2000)}`);
  return measured;
}

/** The middle one; of an even number the lower. Throws when there is none. */
export function median(values: readonly number[]): number {
  const middle = values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)];
  if (middle === undefined) throw new Error('There is no median of nothing.');
  return middle;
}
