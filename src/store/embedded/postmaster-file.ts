import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { link, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Cluster, isAlive } from './cluster.ts';

const execute = promisify(execFile);

/** The server's process as `postmaster.pid` names it; undefined when there is no such file. */
export async function postmasterPid(data: string): Promise<number | undefined> {
  const text = await fileText(join(data, 'postmaster.pid'));
  return text === undefined ? undefined : pidIn(text);
}

/** The first line of each lock file of PostgreSQL's is the id of the server's process. */
const pidIn = (text: string): number => Number.parseInt(text, 10);

async function fileText(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined);
}

/** How a process was started, its arguments joined by spaces; empty when it cannot be seen. */
async function commandOf(pid: number): Promise<string> {
  const seen = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => undefined);
  if (seen !== undefined) return seen.replaceAll('\0', ' ');
  const { stdout } = await execute('ps', ['-o', 'command=', '-p', String(pid)]).catch(() => ({ stdout: '' }));
  return stdout;
}

/**
 * True when the process lives and is the server of this folder: after a restart of the machine, or of a container, the same
 * number is soon another program's; and one that was killed has its number until its parent has heard of it.
 */
async function isServer(pid: number, data: string): Promise<boolean> {
  return isAlive(pid) && (await commandOf(pid)).includes(`-D ${data} `);
}

/** True when the process that `postmaster.pid` names is the server of this folder, and lives. */
export async function serverLives(data: string): Promise<boolean> {
  const pid = await postmasterPid(data);
  return pid !== undefined && isServer(pid, data);
}

/**
 * Removes lock files, of the data and of the socket, whose number is no server's of this folder: PostgreSQL would refuse to start
 * because of them, as it asks only whether the number is anybody's.
 */
export async function removeStaleFiles({ data, sockets }: Pick<Cluster, 'data' | 'sockets'>): Promise<void> {
  await removeStaleFile(join(data, 'postmaster.pid'), data);
  await removeStaleFile(join(sockets, '.s.PGSQL.5432.lock'), data);
}

/** It is first renamed and read again: should a server have written its own in between, it is put back. */
async function removeStaleFile(path: string, data: string): Promise<void> {
  const stale = await fileText(path);
  if (stale === undefined || (await isServer(pidIn(stale), data))) return;
  const aside = `${path}.${randomUUID()}`;
  await rename(path, aside).catch(() => {});
  const moved = await fileText(aside);
  if (moved !== undefined && moved !== stale) await link(aside, path).catch(() => {});
  await rm(aside, { force: true });
}
