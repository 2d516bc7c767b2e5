import { type ChildProcess, spawn } from 'node:child_process';
import { open, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, ClientConfig } from 'pg';
import { TemporaryError } from '../../errors.ts';
import type { Cluster } from './cluster.ts';
import { postmasterPid, removeStaleFiles, serverLives } from './postmaster-file.ts';
import { programFailed } from './program.ts';

/** Held shared by everyone who uses the server: who gets it alone is the last one, and stops the server. */
export const presence = 7_391_001;

/** Milliseconds between two looks at a server that is starting. */
const pause = 15;

/** Recovery after a crash replays at most `max_wal_size`; far longer than that takes is no recovery any more. */
const patience = 120_000;

/** A server that is killed while somebody signs in may never answer. Milliseconds. */
const signInPatience = 10_000;

/** The log is begun anew when it grew beyond this, at the next start. */
const longestLog = 8 * 1024 * 1024;

/**
 * On the command line, not in postgresql.conf: what matters cannot be changed by accident. Statements and their values
 * stay out of the log, and no TCP port is opened.
 */
const settings = {
  listen_addresses: '',
  unix_socket_permissions: '0700',
  fsync: 'on',
  max_connections: '200',
  shared_buffers: '64MB',
  // One machine, no replicas: less to write.
  wal_level: 'minimal',
  max_wal_senders: '0',
  max_wal_size: '512MB',
  // Parallel queries need /dev/shm, which is small in containers; ours are short.
  max_parallel_workers_per_gather: '0',
  jit: 'off',
  // After a crash, one flush of the file system in place of one for each file; only Linux can.
  recovery_init_sync_method: process.platform === 'linux' ? 'syncfs' : 'fsync',
  timezone: 'UTC',
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
};

/** How to sign in to the server of a cluster. */
export function connectionTo(cluster: Cluster) {
  const { sockets: host, password } = cluster;
  return { host, port: 5432, user: 'writeback', password, database: 'postgres' } satisfies ClientConfig;
}

/**
 * Joins the server of a cluster: the one that runs already, be it another process's or an orphan of one that was
 * killed, else one that is started now. The client that comes back holds the lock `presence`, shared. Throws UserErrors
 * `store-start` and, when the server neither comes nor goes, a TemporaryError `store-slow-start`.
 */
export async function joinServer(cluster: Cluster, signal: AbortSignal): Promise<Client> {
  const limit = Date.now() + patience;
  while (Date.now() < limit) {
    signal.throwIfAborted();
    const client = await enter(cluster);
    if (client !== 'nobody' && client !== 'not yet') return client;
    if (client === 'nobody' && !(await serverLives(cluster.data))) await start(cluster, signal);
    else await sleep(pause, undefined, { signal });
  }
  throw new TemporaryError('store-slow-start', `PostgreSQL in ${cluster.data} does not answer.`, {
    remedy: `See ${cluster.log}.`,
  });
}

/** One try to sign in. The password proves the server to us as well (SCRAM), so nothing else can pose as it. */
async function enter(cluster: Cluster): Promise<Client | 'nobody' | 'not yet'> {
  const { Client } = await import('pg');
  const client = new Client({
    ...connectionTo(cluster),
    application_name: 'writeback presence',
    connectionTimeoutMillis: signInPatience,
  });
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query('select pg_advisory_lock_shared($1)', [presence]);
    return client;
  } catch (error) {
    await client.end().catch(() => {});
    return absence(error as NodeJS.ErrnoException);
  }
}

/** What a failed try says: nobody listens, or the server is starting, recovering or stopping. */
function absence(error: NodeJS.ErrnoException): 'nobody' | 'not yet' {
  if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED') return 'nobody';
  // 57P01…57P03: shutting down, crashed, starting up. Without a code: the connection ended in the middle of signing in.
  if (error.code === undefined || /^57P0|^08|^ECONNRESET|^EPIPE/.test(error.code)) return 'not yet';
  throw programFailed('sign-in', error.message, error);
}

/** Another process's server, or what is left of a killed one, is in the way for a moment: no reason to give up. */
const inTheWay = /lock file ".+" (?:already exists|is empty)|shared memory block .* is still in use/;

/** Starts a server and waits until it has taken the data folder, or has ended. */
async function start(cluster: Cluster, signal: AbortSignal): Promise<void> {
  await removeStaleFiles(cluster);
  const { child, end } = await spawnServer(cluster);
  while (end.words === undefined && (await postmasterPid(cluster.data)) !== child.pid) {
    await sleep(pause, undefined, { signal });
  }
  if (end.words === undefined) return;
  const words = end.words || (await lastWords(cluster));
  if (!inTheWay.test(words)) throw programFailed('postgres', words);
  await sleep(pause, undefined, { signal });
}

/** A server that was started; `words` is there once it has ended, with why it could not begin, as far as that is known. */
interface Started {
  readonly child: ChildProcess;
  readonly end: { words?: string };
}

/** In a session of its own: a Ctrl-C in the terminal is for us, and we stop the server when our work is drained. */
async function spawnServer(cluster: Cluster): Promise<Started> {
  const { binaries, data, sockets, user } = cluster;
  const size = await stat(cluster.log).then(
    (file) => file.size,
    () => 0,
  );
  const log = await open(cluster.log, size > longestLog ? 'w' : 'a', 0o600);
  const given = Object.entries({ ...settings, unix_socket_directories: sockets });
  const args = ['-D', data, ...given.flatMap(([name, value]) => ['-c', `${name}=${value}`])];
  const options = { cwd: data, env: { ...binaries.env }, detached: true, ...user };
  const stdio: ['ignore', number, number] = ['ignore', log.fd, log.fd];
  const child = spawn(join(binaries.folder, 'bin/postgres'), args, { ...options, stdio });
  const end: Started['end'] = {};
  // Before anything is awaited: a server that finds another in its way ends within a millisecond.
  child.once('error', ({ message }) => (end.words = message)).once('exit', () => (end.words ??= ''));
  child.unref();
  await log.close();
  return { child, end };
}

async function lastWords(cluster: Cluster): Promise<string> {
  return (await readFile(cluster.log, 'utf8').catch(() => '')).slice(-2000);
}
