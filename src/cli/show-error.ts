import { receiptErrorOf } from '../run/receipt.ts';
import type { CliContext } from './command.ts';
import { logUnexpected } from './log-unexpected.ts';

/** Tells on standard error what went wrong, what to do, and the code; `about` says of what, where several things are tried. */
export function showError(error: unknown, { err, log }: CliContext, about = ''): void {
  const { code, message, remedy } = receiptErrorOf(error);
  err(`${about}${message}\n${remedy === undefined ? '' : `${remedy}\n`}(${code})\n`);
  logUnexpected(error, log);
}
