import { mkdir, realpath } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { UserError } from '../../errors.ts';

function isInside(root: string, path: string): boolean {
  const way = relative(root, path);
  return way === '' || (!isAbsolute(way) && way !== '..' && !way.startsWith(`..${sep}`));
}

function outside(root: string, path: string): UserError {
  return new UserError('folder-outside', `"${path}" would lie outside the folder "${root}".`, {
    field: 'path',
    remedy: 'Choose a path inside the folder; symbolic links that lead out of it are not followed.',
  });
}

/** The nearest directory above (or at) `path` that exists, with symbolic links resolved. */
export async function nearestExisting(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || dirname(path) === path) throw error;
    return nearestExisting(dirname(path));
  }
}

/** Directories of which one must hold every folder that is written to; undefined lets any be written to. */
export type FolderRoots = readonly string[] | undefined;

/** Throws UserError `folder-not-allowed` when the folder, its links resolved, lies in none of the roots. */
export async function requireRoot(folder: string, roots: FolderRoots): Promise<void> {
  if (roots === undefined) return;
  const existing = await nearestExisting(resolve(folder));
  for (const root of roots) if (isInside(await realpath(root), existing)) return;
  throw new UserError(
    'folder-not-allowed',
    `This installation does not let a writeback write to "${folder}".`,
    {
      field: 'folder',
      remedy:
        'Choose a folder that the operator allows, or ask for this one to be added to WRITEBACK_FOLDERS.',
    },
  );
}

/** Makes the folder if it is missing and returns its real path. Throws as `requireRoot`. */
export async function openFolder(folder: string, roots: FolderRoots): Promise<string> {
  await requireRoot(folder, roots);
  await mkdir(resolve(folder), { recursive: true });
  return realpath(resolve(folder));
}

/**
 * Where the file of a relative path lies inside `root` (a real path); directories on the way are made.
 * What exists on the way is checked before anything is made, and the result once more.
 * Throws UserError `folder-outside`.
 */
export async function placeInside(root: string, path: string): Promise<string> {
  const wanted = join(root, path);
  const directory = dirname(wanted);
  if (!isInside(root, wanted) || wanted === root) throw outside(root, path);
  if (!isInside(root, await nearestExisting(directory))) throw outside(root, path);
  await mkdir(directory, { recursive: true });
  const real = await realpath(directory);
  if (!isInside(root, real)) throw outside(root, path);
  return join(real, wanted.slice(directory.length + 1));
}
