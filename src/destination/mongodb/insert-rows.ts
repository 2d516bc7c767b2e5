import { cellsOf } from './cells-of.ts';
import { inFlight } from './in-flight.ts';
import { type Piece, PiecePool, documentOf } from './pieces.ts';
import type { WriteError } from './send.ts';
import { type Writing, type Written, encode, hasOwnId } from './writing.ts';

/** Where rows are inserted, and what their `_id`s begin with. */
interface Insertion {
  readonly collection: string;
  readonly idPrefix: Uint8Array;
  /** True when an earlier attempt may have left documents there. */
  readonly resumed: boolean;
}

/** The indexes of documents that the server already has: by their `_id`, and by all their bytes when they brought that `_id`. */
async function alreadyThere(
  writing: Writing,
  collection: string,
  piece: Piece,
  suspects: readonly number[],
): Promise<Set<number>> {
  const { bson, db, job } = writing;
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
  const idBytes = (id: unknown) => hex(bson.serialize({ _id: id }));
  const idOf = (document: Uint8Array): unknown => bson.deserialize(document, { promoteValues: false })['_id'];
  const ids = new Map(suspects.map((index) => [index, idOf(documentOf(piece, index))]));
  const found = new Map<string, string>();
  const own = hasOwnId(job);
  // Ours ascend with the rows: a stretch of the index, in place of thousands of ids in the question.
  const last = piece.rows.length - 1;
  const ours = { $gte: idOf(documentOf(piece, 0)), $lte: idOf(documentOf(piece, last)) };
  const wanted = { _id: own ? { $in: [...ids.values()] } : ours } as never;
  const query = db
    .collection(collection)
    .find(wanted, { raw: true, ...(own ? {} : { projection: { _id: 1 } }) });
  for await (const stored of query as AsyncIterable<unknown>) {
    found.set(idBytes(idOf(stored as Uint8Array)), hex(stored as Uint8Array));
  }
  const same = (index: number, id: unknown) => {
    const stored = found.get(idBytes(id));
    return own ? stored === hex(documentOf(piece, index)) : stored !== undefined;
  };
  return new Set([...ids].filter(([index, id]) => same(index, id)).map(([index]) => index));
}

function onId({ keyPattern }: WriteError): boolean {
  // Some compatible servers do not say which key it was.
  return keyPattern === undefined || Object.keys(keyPattern).join() === '_id';
}

/** Rejects the rows that were refused; gives their number. */
async function settleErrors(
  writing: Writing,
  { collection, resumed }: Insertion,
  piece: Piece,
  errors: readonly WriteError[],
): Promise<number> {
  const duplicates = errors.filter((error) => resumed && error.code === 11_000 && onId(error));
  const suspects = duplicates.map(({ index }) => index);
  const there =
    suspects.length > 0 ? await alreadyThere(writing, collection, piece, suspects) : new Set<number>();
  const { job } = writing;
  const { fieldNames } = job.details;
  for (const { index, errmsg, code } of errors) {
    if (there.has(index)) continue;
    const cells = () => cellsOf(writing, documentOf(piece, index), fieldNames);
    job.reject(
      piece.rows[index]!,
      `MongoDB refused the document: ${errmsg} (code ${code}).`,
      undefined,
      cells,
    );
  }
  return errors.length - there.size;
}

/**
 * Inserts all rows, several batches at a time. A document whose `_id` is taken already by an earlier attempt of the same run
 * counts as written; other refusals are rejected rows.
 */
export async function insertRows(writing: Writing, insertion: Insertion): Promise<Written> {
  const { job, send } = writing;
  const { collection, idPrefix } = insertion;
  const written: Written = { rows: 0, bytes: 0 };
  const pool = new PiecePool();
  await inFlight(
    job.batches,
    (batch) => pool.piecesOf(encode(job, batch, { idPrefix }), batch.firstRow),
    async (piece) => {
      const errors = await send('insert', collection, piece);
      const refused = errors.length > 0 ? await settleErrors(writing, insertion, piece, errors) : 0;
      written.rows += piece.rows.length - refused;
      written.bytes += piece.documents.length;
      // Not after a failure: the bytes may still wait to be written.
      pool.giveBack(piece);
    },
    { limit: job.details.batchesInFlight, signal: job.signal },
  );
  return written;
}
