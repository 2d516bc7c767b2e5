import type { Document } from 'mongodb';
import type { Batch, RejectedRow } from '../../dataset/batch.ts';
import { batches } from '../../dataset/batches.ts';
import type { Key } from './key-index.ts';
import type { Writing } from './writing.ts';

/** Keys that are looked up by one command. */
const keysOfCommand = 1_000;

/** One record of canonical CSV. */
function record(cells: readonly (string | null)[]): string {
  return `${cells.map((cell) => (cell === null ? '' : `"${cell.replaceAll('"', '""')}"`)).join(',')}\n`;
}

/**
 * The keys of a run's rejected rows. Such a row is in the DataSet, so the document that an earlier run wrote for it must not
 * count as gone. At most as many as rows may be rejected.
 */
export class RejectedKeys {
  readonly #records: string[] = [];
  readonly #keys: Document[] = [];
  readonly #writing: Writing;
  readonly #key: Key;

  constructor(writing: Writing, key: Key) {
    this.#writing = writing;
    this.#key = key;
  }

  /** Rows that cannot become documents: the cells of their key, as they came. */
  addRows(batch: Batch, rejected: readonly RejectedRow[]): void {
    if (rejected.length === 0) return;
    const cells = batch.values();
    for (const { row } of rejected) {
      const own = cells[row - batch.firstRow]!;
      this.#records.push(record(this.#key.columns.map((index) => own[index]!)));
    }
  }

  /** A row's statement, `{ q: key … }`, that the server did not take. */
  addStatement(statement: Uint8Array): void {
    const { q } = this.#writing.bson.deserialize(statement, { promoteValues: false });
    this.#keys.push(q as Document);
  }

  /** Says of the documents of these keys that this run has met them, if they are this writeback's. */
  async mark(stampField: string): Promise<void> {
    const { db, name, job } = this.#writing;
    for await (const key of this.#documents()) this.#keys.push(key);
    const update = { $set: { [`${stampField}.run`]: job.run.id } };
    while (this.#keys.length > 0) {
      const operations = this.#keys.splice(0, keysOfCommand).map((key) => ({
        updateOne: { filter: { ...key, [`${stampField}.id`]: job.writeback.id }, update },
      }));
      await db.collection(name).bulkWrite(operations, { ordered: false, writeConcern: { w: 'majority' } });
    }
  }

  /** The records' keys as typed values. What is no key now cannot be the key of a document. */
  async *#documents(): AsyncGenerator<Document> {
    const { bson, job } = this.#writing;
    const columns = this.#key.columns.map((index) => job.dataset.columns[index]!);
    const lines = [record(columns.map(({ name }) => name)), ...this.#records];
    async function* body() {
      for (const line of lines) yield Buffer.from(line);
    }
    for await (const batch of batches(body(), columns)) {
      const keys = batch.bson({ nulls: 'null', fieldNames: 'replace', strict: job.details.strict });
      for (let index = 0, start = 0; index < keys.count; index += 1) {
        const bytes = keys.bytes.slice(start, keys.ends[index]);
        start = keys.ends[index]!;
        yield bson.deserialize(bytes, { promoteValues: false });
      }
    }
  }
}
