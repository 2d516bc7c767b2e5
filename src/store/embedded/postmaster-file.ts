import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { link, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { isAlive } from './cluster.ts';

const execute = promisify(execFile);

/** The server's process as `postmaster.pid` names it; undefined when there is no such file. Its first line is the id. */
export async function postmasterPid(data: string): Promise<number | undefined> {
  const text = await fileText(data);
  return text === undefined ? undefined : Number.parseInt(text, 10);
}

async function fileText(data: string): Promise<string | undefined> {
  return readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => undefined);
}

/** How a process was started, its arguments joined by spaces; empty when it cannot be seen. */
async function commandOf(pid: number): Promise<string> {
  const seen = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => undefined);
  if (seen !== undefined) return seen.replaceAll('\0', ' ');
  const { stdout } = await execute('ps', ['-o', 'command=', '-p', String(pid)]).catch(() => ({ stdout: '' }));
  return stdout;
}

/**
 * True when the process that `postmaster.pid` names lives and is the server of this folder: after a restart of the
 * machine, or of a container, the same number is soon another program's.
 */
export async function serverLives(data: string): Promise<boolean> {
  const pid = await postmasterPid(data);
  return pid !== undefined && isAlive(pid) && (await commandOf(pid)).includes(`-D ${data} `);
}

/**
 * Removes a `postmaster.pid` whose number is another program's by now; PostgreSQL would refuse to start because of it.
 * It is first renamed and read again: should a server have written its own in between, it is put back.
 */
export async function removeStaleFile(data: string): Promise<void> {
  const stale = await fileText(data);
  if (stale === undefined || (await serverLives(data))) return;
  const aside = join(data, `postmaster.pid.${randomUUID()}`);
  await rename(join(data, 'postmaster.pid'), aside).catch(() => {});
  const moved = await readFile(aside, 'utf8').catch(() => stale);
  if (moved !== stale) await link(aside, join(data, 'postmaster.pid')).catch(() => {});
  await rm(aside, { force: true });
}
