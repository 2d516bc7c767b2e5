import { nulColumnIn } from '../../duckdb/canonical-select.ts';
import { misfitIn } from '../../duckdb/typed-text.ts';
import { TemporaryError, UserError, isTold } from '../../errors.ts';

function firstLine(message: string): string {
  return message.split('\n', 1)[0]!.trim();
}

function misfitError(value: string, column: string | undefined, cause: unknown): UserError {
  const remedy = 'State the type of this column (STRING takes every text), or correct the value.';
  const message = `The value “${value}”${column === undefined ? '' : ` in column “${column}”`} does not fit the type of its column.`;
  return new UserError('local-value-does-not-fit', message, { column, remedy, cause });
}

function nulError(column: string, cause: unknown): UserError {
  const remedy = `Take the NUL bytes out in the query: replace("${column}", chr(0), '').`;
  return new UserError('local-nul-byte', `A text in column “${column}” has a NUL byte.`, {
    column,
    remedy,
    cause,
  });
}

/** What DuckDB says, translated; `names` are the columns of the table. Told errors and aborts pass unchanged. */
export function explain(error: unknown, names: readonly string[], signal: AbortSignal): unknown {
  if (isTold(error) || signal.aborted || !(error instanceof Error)) return error;
  const misfit = misfitIn(error.message);
  if (misfit) return misfitError(misfit.value, names[misfit.column], error);
  const column = nulColumnIn(error.message);
  if (column !== undefined) return nulError(column, error);
  if (/No space left|ENOSPC/u.test(error.message)) {
    const remedy = 'Make room in the temporary folder.';
    return new TemporaryError('local-disk-full', 'There is no room left for temporary files.', {
      remedy,
      cause: error,
    });
  }
  const remedy =
    'Correct the query; the table is called tbl. If a file is at fault, correct it or state the types of its columns.';
  return new UserError('local-query-failed', `The files could not be read so: ${firstLine(error.message)}`, {
    remedy,
    cause: error,
  });
}
