import type { FieldNamePolicy } from '../../dataset/batch.ts';
import type { ColumnType } from '../../dataset/dataset.ts';
import { fieldNames } from '../../dataset/field-names.ts';
import type { Writing } from './writing.ts';

/** What `bson` makes of the values that we write. */
type Stored = string | boolean | { toString(): string } | null | undefined;

/** The text of a stored value, such that it is read as the same value again. */
function textOf(value: Stored, type: ColumnType): string | null {
  if (value === null || value === undefined) return null;
  if (!(value instanceof Date)) return value.toString();
  const text = value.toISOString();
  return type === 'DATE' ? text.slice(0, 10) : text;
}

/**
 * The cells of a row, read out of the document that was made of it: when the server refuses a document, the batch with its
 * bytes is long gone. The same document can be made of them again.
 */
export function cellsOf(
  { bson, job }: Writing,
  document: Uint8Array,
  policy: FieldNamePolicy,
): (string | null)[] {
  const { columns } = job.dataset;
  const stored = bson.deserialize(document, { promoteValues: false }) as Readonly<Record<string, Stored>>;
  const values = new Map(Object.entries(stored));
  const fields = fieldNames(columns, policy);
  return columns.map(({ type }, index) => textOf(values.get(fields[index]!), type));
}
