/** The only reader of the environment. */

/** The value of an environment variable that a writeback names as `${NAME}`; undefined when it is not set. */
export function readVariable(name: string): string | undefined {
  return process.env[name];
}

/** True when colours and a moving progress line make sense: a terminal, and nobody asked for none (no-color.org). */
export function isLively(stream: { isTTY?: boolean }): boolean {
  return stream.isTTY === true && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb';
}
