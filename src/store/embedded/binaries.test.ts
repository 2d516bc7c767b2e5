import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmod, cp, lstat, mkdir, readdir, readlink, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { dataFolder } from '../../../test/servers/store-places.ts';
import { type Binaries, findBinaries, packageFolder } from './binaries.ts';
import { everyoneReaches, serverUser } from './server-user.ts';

const run = promisify(execFile);

const folder = await dataFolder();
const home = join(folder, 'package');
const work = join(folder, 'work');
await mkdir(work);

/** The package as npm leaves it when it runs no install scripts: without links. */
await cp(packageFolder(process.platform, process.arch), home, {
  recursive: true,
  filter: async (path) => !(await lstat(path)).isSymbolicLink(),
});

async function versionOf({ folder: programs, env }: Binaries, name: string): Promise<string> {
  const { stdout } = await run(join(programs, 'bin', name), ['--version'], { env, ...(await serverUser()) });
  return stdout;
}

test('the programs run although npm made no links to their libraries', async () => {
  const binaries = await findBinaries(work, await serverUser(), home);
  for (const name of ['initdb', 'postgres'])
    assert.match(await versionOf(binaries, name), /PostgreSQL\) 18\./);
  assert.match(binaries.version, /^18\./);
});

test('the environment of the programs holds nothing of ours', async () => {
  const { env } = await findBinaries(work, undefined, home);
  assert.deepEqual(Object.keys(env).toSorted(), [
    'LC_ALL',
    process.platform === 'darwin' ? 'DYLD_LIBRARY_PATH' : 'LD_LIBRARY_PATH',
    'TZ',
  ]);
});

test('links that point to where the package was are made again', async () => {
  const links = join(work, 'lib');
  const [name] = await readdir(links);
  const before = await readlink(join(links, name!));
  await rm(join(links, name!));
  await symlink('/nowhere/libicu.so', join(links, name!));
  await findBinaries(work, undefined, home);
  assert.equal(await readlink(join(links, name!)), before);
});

test('programs that the server user cannot reach are copied to where it can', async () => {
  const hidden = join(folder, 'hidden');
  await cp(home, hidden, { recursive: true });
  await chmod(hidden, 0o700);
  assert.equal(await everyoneReaches(join(hidden, 'native')), false);
  const user = (await serverUser()) ?? { uid: process.getuid!(), gid: process.getgid!() };
  const binaries = await findBinaries(work, user, hidden);
  assert.ok(binaries.folder.startsWith(work));
  assert.match(await versionOf(binaries, 'postgres'), /PostgreSQL\) 18\./);
  await rm(hidden, { recursive: true });
  assert.match(await versionOf(binaries, 'initdb'), /PostgreSQL\) 18\./);
});

test('a platform that npm has no PostgreSQL for is told, with the way out', () => {
  assert.throws(() => packageFolder('sunos', 'x64'), {
    code: 'store-no-binaries',
    message: /sunos on x64/,
    remedy: /DATABASE_URL/,
  });
});
