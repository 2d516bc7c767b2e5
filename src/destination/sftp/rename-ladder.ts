import { UserError } from '../../errors.ts';
import { explainStatus, status, statusOf } from './explain.ts';
import type { SftpChannel } from './sftp-channel.ts';

/** Three names in one folder: what was written, what it shall be called, and where an older file may wait meanwhile. */
export interface Names {
  readonly temporary: string;
  readonly final: string;
  readonly aside: string;
}

/** The way that worked. */
export type Rung = 'replaced' | 'renamed' | 'swapped' | 'deleted first';

/** The size of a file, or why it is not known. */
export type FoundSize = number | 'missing' | 'hidden';

/** Looks at a file. */
export async function sizeOf(channel: SftpChannel, path: string): Promise<FoundSize> {
  try {
    return (await channel.stat(path)).size;
  } catch (error) {
    if (statusOf(error) === status.noSuchFile) return 'missing';
    if (statusOf(error) !== undefined) return 'hidden';
    throw error;
  }
}

type Move = (from: string, to: string) => Promise<void>;

/** A move whose answer may be lost or wrong: what lies there afterwards decides (lftp 122). */
function careful(channel: SftpChannel, size: number): Move {
  return async (from, to) => {
    try {
      await channel.rename(from, to);
    } catch (error) {
      if (statusOf(error) === undefined || !(await hasMoved(channel, from, to, size))) throw error;
    }
  };
}

async function hasMoved(channel: SftpChannel, from: string, to: string, size: number): Promise<boolean> {
  return (await sizeOf(channel, from)) === 'missing' && (await sizeOf(channel, to)) === size;
}

async function removeQuietly(channel: SftpChannel, path: string): Promise<void> {
  try {
    await channel.remove(path);
  } catch (error) {
    if (statusOf(error) === undefined) throw error;
  }
}

/** posix-rename, where it is offered and works. */
async function replace(channel: SftpChannel, { temporary, final }: Names, size: number): Promise<boolean> {
  try {
    return await channel.replace(temporary, final);
  } catch (error) {
    if (statusOf(error) === undefined) throw error;
    return hasMoved(channel, temporary, final, size);
  }
}

/**
 * The old file steps aside, the new one takes its name, the old one goes. Both renames are sent at once, so that a
 * connection that breaks hardly ever falls between them; a server that took them in another order is asked again.
 * When the new file cannot have the name, the old one comes back.
 */
async function swap(channel: SftpChannel, move: Move, { temporary, final, aside }: Names): Promise<boolean> {
  await removeQuietly(channel, aside);
  const [stepped, taken] = await Promise.allSettled([
    channel.rename(final, aside),
    channel.rename(temporary, final),
  ]);
  if (stepped.status === 'rejected') {
    if (statusOf(stepped.reason) === undefined) throw stepped.reason;
    const gone = typeof (await sizeOf(channel, aside)) === 'number';
    if (!gone && taken.status === 'rejected') return false;
  }
  try {
    if (taken.status === 'rejected') await move(temporary, final);
  } catch (error) {
    await channel.rename(aside, final).catch(() => {});
    throw error;
  }
  await removeQuietly(channel, aside);
  return true;
}

/** After a failure: the older file comes back if it stands aside and nothing took its place; else what stands aside goes. */
export async function restore(channel: SftpChannel, { final, aside }: Names): Promise<void> {
  if (typeof (await sizeOf(channel, aside)) !== 'number') return;
  if ((await sizeOf(channel, final)) === 'missing') await channel.rename(aside, final);
  else await removeQuietly(channel, aside);
}

/** The old file is deleted first, but only once the server has shown that it lets the new one be renamed at all. */
async function deleteFirst(
  channel: SftpChannel,
  move: Move,
  { temporary, final, aside }: Names,
): Promise<boolean> {
  try {
    await move(temporary, aside);
  } catch (error) {
    if (statusOf(error) === undefined) throw error;
    return false;
  }
  try {
    await channel.remove(final);
  } catch (error) {
    await channel.rename(aside, temporary).catch(() => {});
    throw error;
  }
  await move(aside, final);
  return true;
}

function refused(names: Names, cause: unknown): UserError {
  return new UserError(
    'sftp-rename-refused',
    `The file was written whole, but the server does not let it be renamed to ${names.final}.`,
    {
      remedy:
        'Ask for permission to rename, or turn Write In Place on, which writes straight to the final name.',
      field: 'writeInPlace',
      cause,
    },
  );
}

/**
 * Gives the written file (of `size` bytes) its final name, replacing an older one, by the first way the server allows:
 * posix-rename; plain rename; old aside, new in, old away; delete and rename. Servers differ in all of these.
 * Throws UserError `sftp-rename-refused`.
 */
export async function publish(channel: SftpChannel, names: Names, size: number): Promise<Rung> {
  if (await replace(channel, names, size)) return 'replaced';
  const move = careful(channel, size);
  try {
    await move(names.temporary, names.final);
    // An attempt that was killed in the middle of a swap has left the old file aside.
    await removeQuietly(channel, names.aside);
    return 'renamed';
  } catch (error) {
    if (statusOf(error) === undefined) throw error;
    return climb(channel, move, names, error);
  }
}

async function climb(channel: SftpChannel, move: Move, names: Names, first: unknown): Promise<Rung> {
  if ((await sizeOf(channel, names.final)) === 'missing') throw refused(names, first);
  try {
    if (await swap(channel, move, names)) return 'swapped';
    if (await deleteFirst(channel, move, names)) return 'deleted first';
  } catch (error) {
    throw explainStatus(error, { doing: 'replace', path: names.final });
  }
  throw refused(names, first);
}
