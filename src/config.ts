/** The only reader of the environment. */

import { availableParallelism } from 'node:os';

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
