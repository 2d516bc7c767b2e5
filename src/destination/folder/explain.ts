import { TemporaryError, UserError, isTold } from '../../errors.ts';

interface Told {
  readonly code: string;
  readonly reason: string;
  readonly remedy: string;
}

const permission = {
  code: 'folder-permission',
  reason: 'this user may not write there',
  remedy: 'Give the user that runs Writeback the right to write in the folder, or choose another folder.',
};
const full = {
  code: 'folder-disk-full',
  reason: 'the disk is full',
  remedy: 'Free some space, or choose a folder on another disk.',
};
const notFolder = {
  code: 'folder-not-a-folder',
  reason: 'a file stands where a folder is needed',
  remedy: 'Move that file away, or choose another folder or path.',
};
const tooLarge = {
  code: 'folder-file-too-large',
  reason: 'the file is larger than this file system or user may write',
  remedy: 'Set "Split Size", or choose a folder on another disk.',
};

/** By the error number of the system call; see errno(3). */
const told: Readonly<Record<string, Told>> = {
  EACCES: permission,
  EPERM: permission,
  EROFS: { ...permission, reason: 'the file system is read-only' },
  ENOSPC: full,
  EDQUOT: { ...full, reason: 'the quota of this user is used up' },
  EFBIG: tooLarge,
  ENOTDIR: notFolder,
  EEXIST: notFolder,
  EISDIR: {
    code: 'folder-name-taken',
    reason: 'a folder of that name is there already',
    remedy: 'Choose another file name, or move that folder away.',
  },
  ENAMETOOLONG: {
    code: 'folder-name-too-long',
    reason: 'the name is longer than the file system allows',
    remedy: 'Choose a shorter path or file name.',
  },
  ELOOP: {
    code: 'folder-outside',
    reason: 'a symbolic link there leads nowhere or in a circle',
    remedy: 'Remove the link, or choose another path.',
  },
};

/** Makes a told error of a file system's error at `path`; every other error (the source's, an abort) passes unchanged. */
export function explain(error: unknown, path: string): unknown {
  if (isTold(error)) return error;
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (code === undefined || syscall === undefined) return error;
  const known = told[code];
  if (known) {
    const sentence = `"${path}" could not be written: ${known.reason} (${code}).`;
    return new UserError(known.code, sentence, { remedy: known.remedy, field: 'folder', cause: error });
  }
  return new TemporaryError('folder-failed', `"${path}" could not be written: ${syscall} failed (${code}).`, {
    remedy: 'Check that the disk or network drive is there and healthy.',
    cause: error,
  });
}
