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
 * Opens a FIFO without ever waiting for the other side: what opens first are ends that need none. Holding both ends, no open() of
 * the other side blocks, and its coming late or dying early is no end of file.
 */
export function openBothEnds(path: string): { read: number; write: number } {
  const open: number[] = [];
  const end = (flags: number): number => open[open.push(openSync(path, flags)) - 1]!;
  try {
    const [first, write, read] = [end(O_RDONLY | O_NONBLOCK), end(O_WRONLY), end(O_RDONLY)];
    closeSync(first);
    return { read, write };
  } catch (error) {
    open.forEach((fd) => closeSync(fd));
    throw error;
  }
}

/** Wakes a reader whose open() came after our write end was closed: to it, a writer came and went, which is end of file. */
export function nudge(path: string): NodeJS.Timeout {
  return setInterval(() => closeSync(openSync(path, O_WRONLY | O_NONBLOCK)), nudgeEveryMs);
}
