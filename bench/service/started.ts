// A process of the service as users have it, timed until its API answers.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { createInterface } from 'node:readline';
import { keyRing } from '../../test/servers/saved-writeback.ts';

const main = new URL('../../dist/main.js', import.meta.url).pathname;

/** A process of `writeback start`. */
export interface Started {
  readonly pid: number;
  /** Where it serves; empty when it does not serve the API. */
  readonly url: string;
  /** From the start of the process until it was ready. */
  readonly seconds: number;
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
}

async function end(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill(signal);
  await once(child, 'exit');
}

/** Starts one on a data folder, for the roles; `stack` kills it. Throws when it ends before it is ready. */
export async function startService(
  dataFolder: string,
  roles: string,
  stack: AsyncDisposableStack,
  more: Readonly<Record<string, string>> = {},
): Promise<Started> {
  const environment = {
    PATH: process.env['PATH'],
    HOME: process.env['HOME'],
    WRITEBACK_DATA: dataFolder,
    WRITEBACK_PORT: '0',
    WRITEBACK_DEVELOPMENT: '1',
    WRITEBACK_FOLDERS: tmpdir(),
    WRITEBACK_MASTER_KEYS: keyRing[0].bytes.toString('base64'),
    ...more,
  };
  const begun = performance.now();
  const child = spawn(process.execPath, [main, 'start', '--role', roles, '--json'], {
    env: environment,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  stack.defer(() => end(child, 'SIGKILL'));
  const [line] = (await Promise.race([
    once(createInterface(child.stdout), 'line'),
    once(child, 'exit').then(() => Promise.reject(new Error('The service ended instead of starting.'))),
  ])) as [string];
  const { url = '' } = JSON.parse(line) as { url?: string };
  if (url !== '' && !(await fetch(`${url}/readyz`)).ok) throw new Error('The service is not ready.');
  const seconds = (performance.now() - begun) / 1000;
  return { pid: child.pid!, url, seconds, end: (signal) => end(child, signal) };
}
