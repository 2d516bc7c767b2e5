import { type SpawnOptions, spawn } from 'node:child_process';
import { UserError } from '../../errors.ts';

/** Output that is kept for the error's sentence. */
const kept = 4000;

/** A refusal of one of PostgreSQL's programs, with its own words. */
export function programFailed(name: string, words: string, cause?: unknown): UserError {
  const why = words.trim().split('\n').slice(-6).join(' ').slice(-800) || 'it said nothing';
  return new UserError('store-start', `PostgreSQL did not start (${name}): ${why}`, {
    remedy:
      'Mend what it says, or name a PostgreSQL of your own in DATABASE_URL. On a system without glibc (Alpine) only the latter works.',
    cause,
  });
}

/** Runs a program to its end. Throws a UserError `store-start` with the program's words when it fails. */
export async function runProgram(
  file: string,
  args: readonly string[],
  options: SpawnOptions,
): Promise<void> {
  const name = file.slice(file.lastIndexOf('/') + 1);
  const child = spawn(file, args, { ...options, stdio: ['ignore', 'ignore', 'pipe'] });
  let words = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    words = (words + text).slice(-kept);
  });
  const code = await new Promise<number | null>((done, fail) => {
    child.once('error', (error) => fail(programFailed(name, error.message, error))).once('close', done);
  });
  if (code !== 0) throw programFailed(name, words);
}
