import { TemporaryError, UserError } from '../errors.ts';
import { exitCodes } from './command.ts';

/** The exit code that tells a script what kind of error ended the command. */
export function exitCodeOf(error: unknown, canceled: boolean): number {
  if (canceled) return exitCodes.canceled;
  if (error instanceof TemporaryError) return exitCodes.temporary;
  if (!(error instanceof UserError)) return exitCodes.unexpected;
  return error.code === 'too-many-rejected-rows' ? exitCodes.rejectedRows : exitCodes.badInput;
}
