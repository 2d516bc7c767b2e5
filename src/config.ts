/** The only reader of the environment. */

import { availableParallelism, homedir } from 'node:os';
import { join } from 'node:path';

/** The value of an environment variable that a writeback names as `${NAME}`; undefined when it is not set. */
export function readVariable(name: string): string | undefined {
  return process.env[name];
}

/**
 * Gives libuv's pool, which compresses and hashes, a thread for each processor and two that wait for files. libuv asks
 * the environment when the pool is first used, so this must come before; who has set a size already is left alone.
 */
export function sizeThreadPool(): void {
  process.env['UV_THREADPOOL_SIZE'] ??= String(availableParallelism() + 2);
}

/** True when colours and a moving progress line make sense: a terminal, and nobody asked for none (no-color.org). */
export function isLively(stream: { isTTY?: boolean }): boolean {
  return stream.isTTY === true && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb';
}

/** Where the service keeps what it knows: in a PostgreSQL of the operator's own, or in the data folder. */
export function storePlace(): { readonly databaseUrl: string | undefined; readonly dataFolder: string } {
  const home = process.env['XDG_DATA_HOME'] ?? join(homedir(), '.local/share');
  // Root's home is closed to the user that PostgreSQL runs as.
  const usual = process.getuid?.() === 0 ? '/var/lib/writeback' : join(home, 'writeback');
  return {
    databaseUrl: process.env['DATABASE_URL'] || undefined,
    dataFolder: process.env['WRITEBACK_DATA'] || usual,
  };
}

/** Master keys that were given in place of the key file: base64, the current one first. */
export function givenMasterKeys(): string | undefined {
  return process.env['WRITEBACK_MASTER_KEYS'] || undefined;
}
