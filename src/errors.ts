/** What an error tells besides its sentence. `row` counts data rows from 1, the header not included. */
export interface ErrorDetails {
  /** What the person can do about it, as a sentence. */
  remedy?: string | undefined;
  /** The id of the field that is wrong. */
  field?: string | undefined;
  row?: number | undefined;
  column?: string | undefined;
  cause?: unknown;
}

/** What both kinds of told error share: a kebab-case code and the details. */
abstract class ToldError extends Error {
  readonly code: string;
  readonly remedy: string | undefined;
  readonly field: string | undefined;
  readonly row: number | undefined;
  readonly column: string | undefined;

  constructor(code: string, message: string, details: ErrorDetails = {}) {
    super(message, 'cause' in details ? { cause: details.cause } : undefined);
    this.code = code;
    this.remedy = details.remedy;
    this.field = details.field;
    this.row = details.row;
    this.column = details.column;
  }
}

/** Someone must change something before the same work can succeed; trying again is useless. */
export class UserError extends ToldError {
  override readonly name = 'UserError';
}

/** The same work may succeed later, unchanged. */
export class TemporaryError extends ToldError {
  override readonly name = 'TemporaryError';
  /** Seconds that the far side asked us to wait (`Retry-After`), if it did. */
  readonly retryAfter: number | undefined;

  constructor(
    code: string,
    message: string,
    details: ErrorDetails & { retryAfter?: number | undefined } = {},
  ) {
    super(code, message, details);
    this.retryAfter = details.retryAfter;
  }
}

/** The same error with another sentence or another path of its field; what it was stays as the cause. */
export function restated(error: UserError, message: string, field: string | undefined): UserError {
  const { code, remedy, row, column } = error;
  return new UserError(code, message, { remedy, field, row, column, cause: error });
}

/** True when the error already is a sentence for the person: it passes every edge unchanged. */
export function isTold(error: unknown): error is UserError | TemporaryError {
  return error instanceof UserError || error instanceof TemporaryError;
}
