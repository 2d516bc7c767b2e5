import { TemporaryError, UserError, isTold } from '../errors.ts';

/** What a database says by its SQLSTATE (appendix A of its manual), and what a person can do. */
const refusals: Record<string, readonly [code: string, sentence: string, remedy: string]> = {
  '28P01': [
    'store-sign-in',
    'The database refused user or password.',
    'Check user and password in DATABASE_URL.',
  ],
  '28000': [
    'store-sign-in',
    'The database refused to let us in.',
    'Check user, TLS and pg_hba.conf of the database.',
  ],
  '3D000': [
    'store-no-database',
    'The database that DATABASE_URL names does not exist.',
    'Create it (createdb).',
  ],
  '42501': [
    'store-permission',
    'The database lacks permission for what Writeback needs.',
    'Let the user of DATABASE_URL own the database, or at least create schemas in it.',
  ],
};

/** The same for what passes by itself, or when an operator has mended the server. */
const passing: Record<string, readonly [code: string, sentence: string]> = {
  '53100': ['store-disk-full', 'The disk of the database is full.'],
  '53300': ['store-too-many-connections', 'The database has no connection left.'],
  '25006': ['store-read-only', 'The database only reads: it may be a replica, or switching over.'],
  '55P03': ['store-locked', 'The database is busy with something that holds a table.'],
  '40001': ['store-conflict', 'Two changes to the database met.'],
  '40P01': ['store-conflict', 'Two changes to the database met.'],
};

const gone = /^(?:08|57P0)|^E(?:CONN|HOST|NET|PIPE|TIMEDOUT|NOTFOUND|AI_AGAIN|NOENT)/;

/** An error of the database as a told one; others (a constraint that the caller asks about) as they are. */
export function explainStoreError(error: unknown): unknown {
  if (isTold(error) || !(error instanceof Error)) return error;
  const { code = '' } = error as NodeJS.ErrnoException;
  if (refusals[code]) {
    const [told, sentence, remedy] = refusals[code];
    return new UserError(told, `${sentence} (${error.message})`, { remedy, cause: error });
  }
  if (passing[code]) return new TemporaryError(passing[code][0], passing[code][1], { cause: error });
  const lost =
    gone.test(code) ||
    /Connection terminated|is not queryable|timeout exceeded when trying to connect/.test(error.message);
  if (!lost) return error;
  return new TemporaryError(
    'store-unreachable',
    `The database cannot be reached: ${error.message || code}.`,
    {
      remedy: 'Check that it runs and that DATABASE_URL names its host and port.',
      cause: error,
    },
  );
}

/** True when a row was refused because another has the same key; with a name, because of that index or constraint. */
export function isDuplicate(error: unknown, index?: string): boolean {
  const { code, constraint } = error as { code?: string; constraint?: string };
  return code === '23505' && (index === undefined || constraint === index);
}
