import type { Db, Document, ObjectId } from 'mongodb';
import { idOfRow, lastRow } from './stamp.ts';

const writeConcern = { w: 'majority' } as const;

/** The documents that a run made, found by their `_id`s. */
export interface RunDocuments {
  /** Removes those with a row number past `row`. */
  removeAfter(row: number): Promise<void>;
  readonly removeAll: () => Promise<void>;
  /** Removes every document that the run did not make. */
  removeOthers(): Promise<void>;
}

/** A run's documents in a collection, by the prefix of its `_id`s. */
export function runDocuments(
  db: Db,
  name: string,
  prefix: Uint8Array,
  id: new (bytes: Uint8Array) => ObjectId,
): RunDocuments {
  const range = (from: number): Document => ({
    $gte: new id(idOfRow(prefix, from)),
    $lte: new id(idOfRow(prefix, lastRow)),
  });
  const remove = async (condition: Document) => {
    await db.collection(name).deleteMany({ _id: condition }, { writeConcern });
  };
  return {
    removeAfter: (row) => remove(range(row + 1)),
    removeAll: () => remove(range(0)),
    removeOthers: () => remove({ $not: range(0) }),
  };
}
