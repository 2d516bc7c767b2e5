import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, closeSync, readFileSync } from 'node:fs';

/** A command to time, as a whole process. */
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
  /** User and system, of the process itself. */
  readonly cpuSeconds: number;
  /** Highest resident memory, in MB of 1,000,000 bytes. */
  readonly peakMb: number;
  readonly output: string;
}

const ticksPerSecond = 100;

/** What Linux tells of a running process; nothing once it is gone. */
function look(pid: number): { peakMb: number; cpuSeconds: number } | undefined {
  try {
    const [, kilobytes] = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ');
    if (kilobytes === undefined) return undefined;
    return {
      peakMb: (Number(kilobytes) * 1024) / 1e6,
      cpuSeconds: (Number(fields[11]) + Number(fields[12])) / ticksPerSecond,
    };
  } catch {
    return undefined;
  }
}

/** Runs a command to its end. The high-water mark of its memory is looked up every 20 ms. Throws when it fails. */
export async function measure({ command, words, environment = {}, input }: Timed): Promise<Measured> {
  const stdin = input === undefined ? 'ignore' : openSync(input, 'r');
  const started = performance.now();
  const child = spawn(command, [...words], {
    env: { ...process.env, ...environment },
    stdio: [stdin, 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout?.on('data', (text: Buffer) => (output += text.toString()));
  child.stderr?.on('data', (text: Buffer) => (output += text.toString()));
  let seen = { peakMb: 0, cpuSeconds: 0 };
  const timer = setInterval(() => (seen = look(child.pid ?? 0) ?? seen), 20);
  const [code] = (await once(child, 'close')) as [number | null];
  clearInterval(timer);
  if (typeof stdin === 'number') closeSync(stdin);
  const seconds = (performance.now() - started) / 1000;
  if (code !== 0) throw new Error(`${command} ${words.join(' ')} ended with ${code}: ${output.slice(-2000)}`);
  return { seconds, ...seen, output };
}

/** The middle one by time. */
export function median(runs: readonly Measured[]): Measured {
  const sorted = runs.toSorted((a, b) => a.seconds - b.seconds);
  const middle = sorted[Math.floor(sorted.length / 2)];
  if (!middle) throw new Error('There is no median of nothing.');
  return middle;
}
