import type { Db, Document } from 'mongodb';
import { fieldNames } from '../../dataset/field-names.ts';
import { UserError } from '../../errors.ts';
import type { MongoJob } from './writing.ts';

/** The key: places of its columns in the DataSet, and their field names. */
export interface Key {
  readonly columns: readonly number[];
  readonly names: readonly string[];
}

/** The key of the details. Throws UserError `mongodb-key-column-missing`. */
export function keyOf(job: MongoJob): Key {
  const wanted = (job.details.keyColumns ?? '').split('\n').map((line) => line.trim());
  const columns = [...new Set(wanted.filter((name) => name !== ''))].map((name) => {
    const index = job.dataset.columns.findIndex((column) => column.name === name);
    if (index !== -1) return index;
    throw new UserError('mongodb-key-column-missing', `The DataSet has no column "${name}".`, {
      field: 'keyColumns',
      remedy: `Use one of: ${job.dataset.columns.map((column) => column.name).join(', ')}.`,
    });
  });
  if (columns.length === 0) {
    throw new UserError('mongodb-key-column-missing', 'This write mode needs at least one key column.', {
      field: 'keyColumns',
      remedy: 'Enter the columns that tell one row from another, one a line.',
    });
  }
  const names = fieldNames(job.dataset.columns, 'replace');
  return { columns, names: columns.map((index) => names[index]!) };
}

function covers(index: Document, names: readonly string[]): boolean {
  const fields = Object.keys(index['key'] as Document);
  const same = fields.length === names.length && fields.every((field) => names.includes(field));
  return same && index['unique'] === true && index['partialFilterExpression'] === undefined;
}

/** MongoDB says 11000; some compatible servers say 1 and only the text tells. */
function isDuplicate({ code, message = '' }: { code?: number; message?: string }): boolean {
  return code === 11_000 || (code === 1 && /duplicate/i.test(message));
}

/**
 * Makes a unique index on the key if there is none: without it every row costs a scan, and two writers could insert one key
 * twice. Throws UserError `mongodb-key-not-unique` when documents or another index forbid it.
 */
export async function ensureKeyIndex(db: Db, collection: string, names: readonly string[]): Promise<void> {
  if (names.join() === '_id') return;
  const existing = (await db.collection(collection).listIndexes().toArray()) as Document[];
  if (existing.some((index) => covers(index, names))) return;
  const key = Object.fromEntries(names.map((name) => [name, 1]));
  const index = { key, name: `writeback_${names.join('_')}`.slice(0, 120), unique: true };
  try {
    await db.command({ createIndexes: collection, indexes: [index] });
  } catch (error) {
    const { code, message } = error as { code?: number; message?: string };
    const why = isDuplicate(error as Error)
      ? 'the collection already holds several documents with the same key'
      : code === 85 || code === 86
        ? 'there is another index on the same fields that is not unique'
        : undefined;
    if (why === undefined) throw error;
    throw new UserError(
      'mongodb-key-not-unique',
      `No unique index on ${names.join(', ')} can be made: ${why} (${message}).`,
      {
        field: 'keyColumns',
        remedy:
          'Choose columns that are unique, or remove the duplicates or the other index from the collection.',
        cause: error,
      },
    );
  }
}
