import { constants } from 'node:fs';
import { access, glob, stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { TemporaryError, UserError } from '../../errors.ts';

/** A file as it was when it was found. */
export interface LocalFile {
  readonly path: string;
  readonly size: number;
  readonly modifiedMs: number;
}

/** Translates what the file system says of `path`. */
export function explainFileError(error: unknown, path: string): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new UserError('local-file-not-found', `There is no file ${path}.`, {
      remedy: 'Check the path.',
      cause: error,
    });
  }
  if (code === 'EACCES' || code === 'EPERM') {
    const remedy = 'Let the user that runs Writeback read the file.';
    return new UserError('local-permission-denied', `The file ${path} may not be read.`, {
      remedy,
      cause: error,
    });
  }
  return error;
}

async function fileAt(path: string): Promise<LocalFile> {
  try {
    const { size, mtimeMs, ...facts } = await statOf(path);
    if (!facts.isFile) throw notAFile(path);
    await access(path, constants.R_OK);
    return { path, size, modifiedMs: mtimeMs };
  } catch (error) {
    throw explainFileError(error, path);
  }
}

async function statOf(path: string): Promise<{ size: number; mtimeMs: number; isFile: boolean }> {
  const facts = await stat(path);
  return { size: facts.size, mtimeMs: facts.mtimeMs, isFile: facts.isFile() };
}

function notAFile(path: string): UserError {
  const remedy = 'Name a file, or several with a pattern such as folder/*.csv.';
  return new UserError('local-not-a-file', `${path} is not a file.`, { remedy });
}

/** True when the text is a pattern and no file bears it as its own name. */
async function isPattern(path: string): Promise<boolean> {
  if (!/[*?[{]/u.test(path)) return false;
  return stat(path).then(
    () => false,
    () => true,
  );
}

/**
 * The file at `path`, or the files that match it as a glob, sorted by path, so that every attempt reads them in the same
 * order. Throws UserError `local-file-not-found`, `local-not-a-file`, `local-permission-denied`.
 */
export async function findFiles(path: string): Promise<LocalFile[]> {
  const absolute = resolve(path);
  if (!(await isPattern(absolute))) return [await fileAt(absolute)];
  const found: string[] = [];
  for await (const match of glob(absolute)) if ((await statOf(match)).isFile) found.push(resolve(match));
  if (found.length === 0) {
    throw new UserError('local-file-not-found', `No file matches ${absolute}.`, {
      remedy: 'Check the pattern.',
    });
  }
  return Promise.all(found.sort().map(fileAt));
}

/** Throws TemporaryError `local-file-changed` when a file is no longer what it was when it was found. */
export async function checkUnchanged(files: readonly LocalFile[]): Promise<void> {
  for (const file of files) {
    const now = await stat(file.path).catch(() => undefined);
    if (now?.size === file.size && now.mtimeMs === file.modifiedMs) continue;
    const remedy = 'Run it again when nothing writes to the file.';
    throw new TemporaryError('local-file-changed', `The file ${file.path} changed while it was read.`, {
      remedy,
    });
  }
}

/** ISO time of the newest of the files. */
export function updatedAtOf(files: readonly LocalFile[]): string {
  return new Date(Math.max(...files.map(({ modifiedMs }) => modifiedMs))).toISOString();
}

/** The name of a DataSet that is read from `path`: the file's, without its extensions. */
export function nameOf(path: string): string {
  const base = basename(path);
  return base.replace(/\.(gz|zst)$/iu, '').replace(/(?<=.)\.[^.]*$/u, '') || base;
}
