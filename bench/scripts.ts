import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import type { Figures } from './figures.ts';

/** What is measured inside one process: a program of its own, whose last line is its figures as JSON. */
export interface Script {
  readonly name: string;
  readonly file: URL;
}

const script = (name: string): Script => ({ name, file: new URL(`${name}.ts`, import.meta.url) });

/** The kernel beside csv-parse, and how late a timer is while a run moves rows. */
export const scripts = [script('kernel'), script('event-loop')].filter(({ file }) => existsSync(file));

/** Runs one to its end; what it says is shown. Throws when it fails. */
export async function runScript({ name, file }: Script, quick: boolean): Promise<Figures> {
  const child = spawn(process.execPath, [file.pathname, ...(quick ? ['--quick'] : [])], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (text: Buffer) => (output += text.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  const lines = output.trimEnd().split('\n');
  process.stdout.write(`${lines.slice(0, -1).join('\n')}\n`);
  if (code !== 0) throw new Error(`${name} ended with ${code}: ${output.slice(-2000)}`);
  return JSON.parse(lines.at(-1) ?? '') as Figures;
}
