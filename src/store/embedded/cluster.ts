import { createHash, randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { UserError } from '../../errors.ts';
import { type Binaries, findBinaries } from './binaries.ts';
import { runProgram } from './program.ts';
import { type ServerUser, everyoneReaches, serverUser } from './server-user.ts';

/** A data folder of PostgreSQL, and all that is needed to start it or to speak to it. */
export interface Cluster {
  /** PostgreSQL's own data folder. */
  readonly data: string;
  /** The folder of its Unix socket: the only way in. */
  readonly sockets: string;
  readonly log: string;
  readonly password: string;
  readonly binaries: Binaries;
  readonly user: ServerUser | undefined;
}

/** The longest path of a Unix socket: 107 bytes on Linux, 103 on macOS, of which the server's own name takes 15. */
const longestSocketFolder = 103 - '/.s.PGSQL.5432'.length;

/**
 * Makes sure that `folder` holds a cluster, and that the programs here can run it.
 *
 * ```
 * folder/postgres/data       PostgreSQL's own
 * folder/postgres/password   generated; mode 0600
 * folder/postgres/socket/    where it listens, unless the path is too long for a socket
 * folder/postgres-work/      links to libraries; may be deleted
 * ```
 *
 * A cluster is made beside its place and renamed into it, with its password, so that a half-made one is never found and
 * of two processes that begin at once one wins. Throws UserErrors `store-no-binaries`, `store-start`,
 * `store-other-version`, `store-folder-hidden`, `store-root`.
 */
export async function prepareCluster(folder: string): Promise<Cluster> {
  const user = await serverUser();
  await makeFolder(resolve(folder), user);
  const binaries = await findBinaries(await makeFolder(resolve(folder, 'postgres-work'), user), user);
  const home = resolve(folder, 'postgres');
  if (!(await exists(join(home, 'data')))) await createCluster(home, binaries, user);
  await requireSameVersion(home, binaries);
  const sockets = await socketFolder(home, user);
  const password = await readPassword(home);
  return { data: join(home, 'data'), sockets, log: join(home, 'server.log'), password, binaries, user };
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

/** A folder of ours alone; when the server is another user's, passable, or it could not reach its own data. */
async function makeFolder(folder: string, user: ServerUser | undefined): Promise<string> {
  await mkdir(folder, { recursive: true, mode: user ? 0o711 : 0o700 });
  if (user && !(await everyoneReaches(folder))) {
    throw new UserError(
      'store-folder-hidden',
      `PostgreSQL cannot run as root, and no other user may enter ${folder}.`,
      {
        remedy:
          'Name another folder in WRITEBACK_DATA, such as /var/lib/writeback, or start as an ordinary user.',
      },
    );
  }
  return folder;
}

async function createCluster(home: string, binaries: Binaries, user: ServerUser | undefined): Promise<void> {
  await removeHalfMade(home);
  const half = `${home}.new-${process.pid}-${randomBytes(4).toString('hex')}`;
  try {
    await initialize(half, binaries, user);
    // Fails when another process was first; its cluster is as good as ours.
    await rename(half, home).catch(async (error) => {
      if (!(await exists(join(home, 'data')))) throw error;
    });
  } finally {
    await rm(half, { recursive: true, force: true });
  }
}

async function initialize(half: string, binaries: Binaries, user: ServerUser | undefined): Promise<void> {
  const [data, password] = [join(half, 'data'), join(half, 'password')];
  await mkdir(data, { recursive: true, mode: 0o700 });
  await writeFile(password, randomBytes(24).toString('base64url'), { mode: 0o600 });
  if (user) {
    await chmod(half, 0o711);
    for (const path of [data, password]) await chown(path, user.uid, user.gid);
  }
  const options = [
    '--username=writeback',
    `--pwfile=${password}`,
    '--auth=scram-sha-256',
    '--no-instructions',
  ];
  const text = ['--encoding=UTF8', '--locale-provider=builtin', '--locale=C', '--builtin-locale=C.UTF-8'];
  // One flush of the file system in place of one for each of a thousand files; only Linux can.
  const flush = process.platform === 'linux' ? ['--sync-method=syncfs'] : [];
  const place = { cwd: half, env: { ...binaries.env }, ...user };
  await runProgram(join(binaries.folder, 'bin/initdb'), ['-D', data, ...options, ...text, ...flush], place);
}

/** What a process that was killed while it made a cluster left behind. One that still lives may be at it. */
async function removeHalfMade(home: string): Promise<void> {
  const begin = `${home}.new-`.slice(dirname(home).length + 1);
  for (const name of await readdir(dirname(home))) {
    if (!name.startsWith(begin) || isAlive(Number.parseInt(name.slice(begin.length), 10))) continue;
    await rm(join(dirname(home), name), { recursive: true, force: true });
  }
}

/** True when a process of this id lives, whosever it is. */
export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function requireSameVersion(home: string, binaries: Binaries): Promise<void> {
  const found = (await readFile(join(home, 'data/PG_VERSION'), 'utf8')).trim();
  const ours = binaries.version.split('.')[0]!;
  if (found === ours) return;
  throw new UserError(
    'store-other-version',
    `The database in ${home} was made by PostgreSQL ${found}; this release of Writeback brings PostgreSQL ${ours}.`,
    {
      remedy: `With the release that made it run "writeback db dump FILE", move ${home} away, then run "writeback db restore FILE" with this release.`,
    },
  );
}

async function readPassword(home: string): Promise<string> {
  const file = join(home, 'password');
  return readFile(file, 'utf8').catch((error) => {
    throw new UserError('store-password', `The database's password in ${file} cannot be read.`, {
      remedy: 'Start Writeback as the user that created the folder, or bring the file back from a backup.',
      cause: error,
    });
  });
}

/** Beside the data, so that processes in other containers on the same folder find the server too; else by a short name. */
async function socketFolder(home: string, user: ServerUser | undefined): Promise<string> {
  const near = join(home, 'socket');
  const name = createHash('sha256').update(home).digest('hex').slice(0, 16);
  const folder = Buffer.byteLength(near) <= longestSocketFolder ? near : join(tmpdir(), `writeback-${name}`);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  if (user) await chown(folder, user.uid, user.gid);
  return folder;
}
