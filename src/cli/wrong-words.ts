import { UserError } from '../errors.ts';

/** `command-arguments`: `typed`, a command or one with its action, was given so many words where `usage` says which it takes. */
export function wrongWords(typed: string, usage: string, given: number): UserError {
  const words = given === 0 ? 'no words' : given === 1 ? '1 word' : `${given} words`;
  return new UserError('command-arguments', `"${typed}" was given ${words}.`, {
    remedy: `Type: writeback ${typed} ${usage}`.trimEnd(),
  });
}
