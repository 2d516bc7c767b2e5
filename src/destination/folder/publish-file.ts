import { createHash } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** A rename is only safe from a power cut once the directory is on the disk too. Some systems cannot; then it is left. */
async function syncDirectory(path: string): Promise<void> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, 'r');
    await handle.sync();
  } catch {
    // Windows and some network drives refuse to open or sync a directory.
  } finally {
    await handle?.close();
  }
}

/**
 * The name of a file while it is written: hidden, beside its place, and the same for every attempt of the same writeback,
 * so that an attempt takes the place of what a dead one left. Cut so that it stays under 255 bytes.
 */
export function temporaryName(name: string, owner: string): string {
  const hash = createHash('sha256').update(`${owner}\n${name}`).digest('hex').slice(0, 12);
  const kept = Buffer.from(name)
    .subarray(0, 230)
    .toString()
    .replace(/\uFFFD$/, '');
  return `.${kept}.${hash}.part`;
}

async function fill(temporary: string, body: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<void> {
  // "wx" never follows a link that somebody put in the temporary file's place.
  const handle = await open(temporary, 'wx');
  try {
    for await (const chunk of body) await handle.writeFile(chunk, { signal });
    signal.throwIfAborted();
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Writes the body beside `place` and renames it there when it is whole and on the disk; on any failure nothing is left.
 * `owner` tells writebacks apart. Throws what the body throws, and the file system's errors as they are.
 */
export async function publishFile(
  place: string,
  owner: string,
  body: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<void> {
  const temporary = join(dirname(place), temporaryName(basename(place), owner));
  await rm(temporary, { force: true });
  try {
    await fill(temporary, body, signal);
    await rename(temporary, place);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncDirectory(dirname(place));
}
