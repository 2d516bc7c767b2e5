import { execFile } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import { promisify } from 'node:util';

const { O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;
const nudgeEveryMs = 20;

/** Makes a FIFO that only this user can open; false where the system has no `mkfifo` (Windows). */
export async function makeFifo(path: string): Promise<boolean> {
  if (process.platform === 'win32') return false;
  try {
    await promisify(execFile)('mkfifo', ['-m', '600', path]);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/**
 * Opens a FIFO without ever blocking: the read end first, because opening the write end alone fails (ENXIO). Holding both
 * ends, no open() of the other side blocks, and its coming late or dying early is no end of file.
 */
export function openBothEnds(path: string): { read: number; write: number } {
  const read = openSync(path, O_RDONLY | O_NONBLOCK);
  try {
    return { read, write: openSync(path, O_WRONLY | O_NONBLOCK) };
  } catch (error) {
    closeSync(read);
    throw error;
  }
}

/** Wakes a reader whose open() came after our write end was closed: to it, a writer came and went, which is end of file. */
export function nudge(path: string): NodeJS.Timeout {
  return setInterval(() => closeSync(openSync(path, O_WRONLY | O_NONBLOCK)), nudgeEveryMs);
}
