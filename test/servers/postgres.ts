import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chown, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { findBinaries } from '../../src/store/embedded/binaries.ts';
import { runProgram } from '../../src/store/embedded/program.ts';
import { serverUser } from '../../src/store/embedded/server-user.ts';

/** A PostgreSQL as an operator has it: reached by a URL. */
export interface OwnPostgres {
  /** The URL of a new, empty database. */
  createDatabase(): Promise<string>;
  /** The server's first process is killed, and the server started again; only of one that was started here. */
  crash(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * The server that `DATABASE_TEST_URL` names (its user may create databases); else Debian's PostgreSQL, the newest that is
 * installed; else the programs of the embedded one. What is started listens on loopback, on a free port.
 */
export async function startPostgres(): Promise<OwnPostgres> {
  const given = process.env['DATABASE_TEST_URL'];
  if (given) return databasesOf(given, { crash: refuse, stop: async () => {} });
  const folder = await mkdtemp(join(tmpdir(), 'writeback-postgres-'));
  const user = await serverUser();
  if (user) await chown(folder, user.uid, user.gid);
  const { bin, env } = await programs(folder);
  const password = randomBytes(12).toString('hex');
  await writeFile(join(folder, 'password'), password, { mode: 0o644 });
  const access = [`--username=owner`, `--pwfile=${folder}/password`, '--auth=scram-sha-256', '--no-sync'];
  const place = { cwd: folder, env, ...user };
  await runProgram(join(bin, 'initdb'), ['-D', join(folder, 'data'), ...access, '--encoding=UTF8'], place);
  const port = await freePort();
  const listen = ['-p', String(port), '-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories='];
  const args = ['-D', join(folder, 'data'), ...listen, '-c', 'fsync=off', '-c', 'max_connections=200'];
  const url = `postgres://owner:${password}@127.0.0.1:${port}/postgres`;
  const start = async () => {
    const started = spawn(join(bin, 'postgres'), args, { ...place, stdio: 'ignore' });
    await answering(url, () => started.exitCode !== null);
    return started;
  };
  let child = await start();
  const end = async (signal: 'SIGKILL' | 'SIGQUIT') => {
    child.kill(signal);
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  };
  return databasesOf(url, {
    async crash() {
      await end('SIGKILL');
      // Its other processes see that it is gone within a moment; until then no server starts in their place.
      for (let tries = 200; ; tries -= 1) {
        const again = await start().catch(async (error: unknown) => {
          if (tries === 0) throw error;
          await sleep(50);
        });
        if (again) {
          child = again;
          return;
        }
      }
    },
    async stop() {
      // "Immediate shutdown": no checkpoint, no good-bye.
      await end('SIGQUIT');
      await rm(folder, { recursive: true });
    },
  });
}

async function refuse(): Promise<never> {
  throw new Error('A server that others may use is not crashed.');
}

async function programs(folder: string) {
  const debian = '/usr/lib/postgresql';
  const versions = (await readdir(debian).catch(() => [])).map(Number).toSorted((a, b) => b - a);
  if (versions.length > 0) return { bin: join(debian, String(versions[0]), 'bin'), env: { LC_ALL: 'C' } };
  const { folder: native, env } = await findBinaries(folder, await serverUser());
  return { bin: join(native, 'bin'), env };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function answering(url: string, ended: () => boolean): Promise<void> {
  for (;;) {
    const client = new Client(url);
    const answer = await client.connect().then(
      () => true,
      () => false,
    );
    await client.end().catch(() => {});
    if (answer) return;
    if (ended()) throw new Error('PostgreSQL ended instead of starting.');
    await sleep(20);
  }
}

function databasesOf(url: string, server: Pick<OwnPostgres, 'crash' | 'stop'>): OwnPostgres {
  const made: string[] = [];
  const run = async (statement: string) => {
    const client = new Client(url);
    await client.connect();
    try {
      await client.query(statement);
    } finally {
      await client.end();
    }
  };
  return {
    async createDatabase() {
      const name = `writeback_${randomBytes(6).toString('hex')}`;
      await run(`create database ${name}`);
      made.push(name);
      const place = new URL(url);
      place.pathname = `/${name}`;
      return place.href;
    },
    crash: server.crash,
    async stop() {
      for (const name of made) await run(`drop database ${name} with (force)`);
      await server.stop();
    },
  };
}
