import { TemporaryError, UserError } from '../errors.ts';

/** An error as plain data, for the way out of a worker: classes do not survive it, and drivers' errors hold sockets. */
export interface ErrorData {
  readonly kind: 'user' | 'temporary' | 'unexpected';
  readonly message: string;
  readonly stack?: string | undefined;
  readonly code?: string | undefined;
  readonly remedy?: string | undefined;
  readonly field?: string | undefined;
  readonly row?: number | undefined;
  readonly column?: string | undefined;
  readonly retryAfter?: number | undefined;
  readonly cause?: ErrorData | undefined;
}

/** A chain of causes is followed this far: one may lead back to where it began. */
const longestChain = 8;

/** Everything that an error tells, its causes included. */
export function errorToData(error: unknown, links = longestChain): ErrorData {
  if (!(error instanceof Error)) return { kind: 'unexpected', message: String(error) };
  const { message, stack } = error;
  const cause = error.cause === undefined || links === 0 ? undefined : errorToData(error.cause, links - 1);
  if (error instanceof UserError || error instanceof TemporaryError) {
    const { code, remedy, field, row, column } = error;
    const told = { message, stack, code, remedy, field, row, column, cause };
    if (error instanceof UserError) return { kind: 'user', ...told };
    return { kind: 'temporary', ...told, retryAfter: error.retryAfter };
  }
  const { code } = error as NodeJS.ErrnoException;
  return { kind: 'unexpected', message, stack, code: typeof code === 'string' ? code : undefined, cause };
}

/** The error that the data tells of, of its own class again. */
export function errorFromData(data: ErrorData): Error {
  const error = created(data);
  if (data.stack !== undefined) error.stack = data.stack;
  return error;
}

function created({ kind, message, code, cause: data, ...rest }: ErrorData): Error {
  const cause = data && errorFromData(data);
  const { stack: _, retryAfter, ...details } = cause ? { ...rest, cause } : rest;
  if (kind === 'user') return new UserError(code ?? '', message, details);
  if (kind === 'temporary') return new TemporaryError(code ?? '', message, { ...details, retryAfter });
  return Object.assign(new Error(message, cause && { cause }), code === undefined ? {} : { code });
}
