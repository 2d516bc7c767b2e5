import type { Document } from 'mongodb';
import type { Batch } from '../../dataset/batch.ts';
import { UserError } from '../../errors.ts';
import { cellsOf } from './cells-of.ts';
import { orAborted } from './in-flight.ts';
import { type Key, ensureKeyIndex, keyOf } from './key-index.ts';
import { type Lanes, createLanes } from './lanes.ts';
import {
  type DocumentRow,
  type Piece,
  documentOf,
  encodedRows,
  gatherPieces,
  maxDocumentBytes,
} from './pieces.ts';
import { RejectedKeys } from './rejected-keys.ts';
import { documentIn, upsertStatement } from './upsert-statement.ts';
import { type MongoJob, type Writing, type Written, encode, ensureCollection } from './writing.ts';

/** The field with which Mirror marks its documents. */
const stampField = '_writeback';

interface KeyedRow extends DocumentRow {
  /** The key document's bytes as text: equal keys have equal bytes, since a column has one type. */
  readonly key: string;
}

/** What Mirror needs besides. */
interface Mirroring {
  /** Appended to each document: the mark of this writeback and run. */
  readonly stamp: Uint8Array;
  readonly rejected: RejectedKeys;
}

interface Keyed {
  readonly key: Key;
  readonly mirroring: Mirroring | undefined;
  /** Called for a row whose key a later row of the same batch has too: it is written by being overwritten. */
  readonly superseded: () => void;
}

/** The statements of a batch. Of rows with one key only the last is kept; rows without a key are rejected. */
function statements(writing: Writing, batch: Batch, { key, mirroring, superseded }: Keyed): KeyedRow[] {
  const { job, bson } = writing;
  const names = { fieldNames: 'replace' } as const;
  const documents = new Map<number, Uint8Array>();
  const encoded = encode(job, batch, { ...names, ...(mirroring && { append: mirroring.stamp }) });
  mirroring?.rejected.addRows(batch, encoded.rejected);
  for (const { row, document } of encodedRows(encoded, batch.firstRow)) {
    // Copied: the second view of the batch may use the first one's memory.
    documents.set(row, document.slice());
  }
  const { strict } = job.details;
  const keys = batch.bson({ ...names, strict, nulls: 'null', project: key.columns });
  const last = new Map<string, KeyedRow>();
  let start = 0;
  for (let index = 0; index < keys.count; index += 1) {
    const bytes = Buffer.from(keys.bytes.subarray(start, keys.ends[index]));
    start = keys.ends[index]!;
    const row = batch.firstRow + keys.rows[index]!;
    const document = documents.get(row);
    if (!document) continue;
    const empty = Object.values(bson.deserialize(bytes)).indexOf(null);
    if (empty !== -1) {
      const column = job.dataset.columns[key.columns[empty]!]?.name;
      job.reject(row, 'The key is empty, so the row cannot be told from others.', column);
      continue;
    }
    const text = bytes.toString('latin1');
    if (last.has(text)) {
      job.warn('Some rows have the same key; the last one of each key was kept.');
      superseded();
    }
    last.set(text, { row, key: text, document: upsertStatement(bytes, document) });
  }
  return [...last.values()];
}

/** Spreads keys evenly (FNV-1a, 32 bits). */
function laneOf(key: string, count: number): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < key.length; index += 1) {
    hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193);
  }
  return (hash >>> 0) % count;
}

/** Sends statements; rows that the server refuses are rejected. */
function createLaneWork(writing: Writing, mirroring: Mirroring | undefined, written: Written) {
  const { job, name, send } = writing;
  return async (piece: Piece) => {
    const errors = await send('update', name, piece);
    for (const { index, errmsg, code } of errors) {
      const statement = documentOf(piece, index);
      const cells = () => cellsOf(writing, documentIn(statement), 'replace');
      const reason = `MongoDB refused the document: ${errmsg} (code ${code}).`;
      job.reject(piece.rows[index]!, reason, undefined, cells);
      mirroring?.rejected.addStatement(statement);
    }
    written.rows += piece.rows.length - errors.length;
    written.bytes += piece.documents.length;
  };
}

async function giveToLanes(
  job: MongoJob,
  rows: readonly KeyedRow[],
  lanes: Lanes<Piece>,
  mirroring: Mirroring | undefined,
): Promise<void> {
  const tooLarge = ({ row, document }: DocumentRow) => {
    job.reject(row, `The document has ${document.length} bytes; MongoDB allows ${maxDocumentBytes}.`);
    mirroring?.rejected.addStatement(document);
  };
  const byLane: KeyedRow[][] = Array.from({ length: lanes.count }, () => []);
  for (const row of rows) byLane[laneOf(row.key, lanes.count)]!.push(row);
  for (const [lane, mine] of byLane.entries())
    for (const piece of gatherPieces(mine, tooLarge)) await lanes.give(lane, piece);
}

async function sendAll(writing: Writing, key: Key, mirroring?: Mirroring): Promise<Written> {
  const { job } = writing;
  const written: Written = { rows: 0, bytes: 0 };
  const lanes = createLanes(job.details.batchesInFlight, createLaneWork(writing, mirroring, written));
  const keyed: Keyed = { key, mirroring, superseded: () => void (written.rows += 1) };
  const pulled = job.batches[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await orAborted(pulled.next(), job.signal);
      if (next.done) break;
      await giveToLanes(job, statements(writing, next.value, keyed), lanes, mirroring);
    }
  } finally {
    pulled.return?.().catch(() => {});
    await lanes.settle();
  }
  lanes.check();
  return written;
}

function checkStampField(job: MongoJob): void {
  if (!job.dataset.columns.some(({ name }) => name === stampField)) return;
  throw new UserError(
    'mongodb-column-reserved',
    `Mirror keeps its marks in a field called "${stampField}".`,
    {
      column: stampField,
      remedy: 'Rename the column by a query.',
    },
  );
}

/** Writes each row over the document with its key, or inserts it. Fields that other people added stay. */
export async function upsert(writing: Writing): Promise<Written> {
  const { job, db, name } = writing;
  const key = keyOf(job);
  await ensureCollection(db, name);
  await ensureKeyIndex(db, name, key.names);
  return sendAll(writing, key);
}

/**
 * Upserts with a mark of writeback and run, then deletes what this writeback wrote before and is not in the DataSet any more.
 * A row that was rejected is in the DataSet: what an earlier run wrote for it stays.
 */
export async function mirror(writing: Writing): Promise<Written> {
  const { job, db, name, bson } = writing;
  const key = keyOf(job);
  checkStampField(job);
  await ensureCollection(db, name);
  await ensureKeyIndex(db, name, key.names);
  const marked = bson.serialize({ [stampField]: { id: job.writeback.id, run: job.run.id } });
  // Without the length before and the end after: the element alone.
  const rejected = new RejectedKeys(writing, key);
  const written = await sendAll(writing, key, { stamp: marked.subarray(4, -1), rejected });
  job.signal.throwIfAborted();
  await rejected.mark(stampField);
  job.signal.throwIfAborted();
  const gone: Document = {
    [`${stampField}.id`]: job.writeback.id,
    [`${stampField}.run`]: { $ne: job.run.id },
  };
  await db.collection(name).deleteMany(gone, { writeConcern: { w: 'majority' } });
  return written;
}
