import { BSON, ObjectId, type Document } from 'bson';
import { CommandError } from './mongo-error.ts';
import { equalityOf, keyOf } from './mongo-match.ts';

function place(document: Document, path: string, value: unknown): void {
  const names = path.split('.');
  const last = names.pop()!;
  if (names.some((name) => name.startsWith('$')) || last.startsWith('$')) {
    throw new CommandError(
      52,
      'DollarPrefixedFieldName',
      `The dollar ($) prefixed field '${path}' is not valid for storage.`,
    );
  }
  if (last === '' || names.includes('')) {
    throw new CommandError(
      56,
      'EmptyFieldName',
      `The update path '${path}' contains an empty field name, which is not allowed.`,
    );
  }
  let parent = document;
  for (const name of names) {
    const next: unknown = (parent[name] ??= {});
    if (typeof next !== 'object' || next === null) {
      throw new CommandError(
        28,
        'PathNotViable',
        `Cannot create field '${last}' in element {${name}: ${String(next)}}`,
      );
    }
    parent = next;
  }
  if (value === undefined) delete parent[last];
  else parent[last] = value;
}

function applyOperators(document: Document, update: Document, inserting: boolean): void {
  for (const [operator, fields] of Object.entries(update)) {
    if (!['$set', '$unset', '$setOnInsert'].includes(operator)) {
      throw new CommandError(9, 'FailedToParse', `Unknown modifier: ${operator}`);
    }
    if (operator === '$setOnInsert' && !inserting) continue;
    for (const [path, value] of Object.entries(fields as Document)) {
      place(document, path, operator === '$unset' ? undefined : value);
    }
  }
}

/** The document after an update: a replacement, or `$set`, `$unset`, `$setOnInsert`. Throws codes 9, 28, 52, 66. */
export function updated(before: Document, update: Document, inserting: boolean): Document {
  const names = Object.keys(update);
  const operators = names.filter((name) => name.startsWith('$')).length;
  if (operators > 0 && operators < names.length) {
    throw new CommandError(9, 'FailedToParse', 'A replacement document must not contain update operators');
  }
  if (operators === 0 && names.length > 0) return { _id: before['_id'], ...update };
  const after = BSON.deserialize(BSON.serialize(before), { promoteValues: false });
  applyOperators(after, update, inserting);
  if (before['_id'] !== undefined && keyOf(after['_id']) !== keyOf(before['_id'])) {
    throw new CommandError(
      66,
      'ImmutableField',
      "Performing an update on the path '_id' would modify the immutable field '_id'",
    );
  }
  return after;
}

/** What an upsert inserts when nothing matched: the query's equalities, then the update. */
export function upserted(query: Document, update: Document): Document {
  const seed: Document = {};
  for (const [path, condition] of Object.entries(query)) {
    const equality = path.startsWith('$') ? undefined : equalityOf(condition);
    if (equality) place(seed, path, equality.value ?? null);
  }
  const { _id, ...rest } = updated(seed, update, true);
  return { _id: _id ?? new ObjectId(), ...rest };
}
