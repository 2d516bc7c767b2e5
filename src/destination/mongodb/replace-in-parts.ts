import type { Db, Document } from 'mongodb';
import type { Held, RunPart } from '../../connector/contract.ts';
import { UserError } from '../../errors.ts';
import { insertRows } from './insert-rows.ts';
import { checkCount, clearStaging } from './replace.ts';
import { runDocuments } from './run-documents.ts';
import { idOfRow, lastRow, partPrefix, stagingName } from './stamp.ts';
import { createLike, dropIfThere, renameOver, shapeOf, tryRename } from './staging.ts';
import { type Place, type Writing, type Written, hasOwnId } from './writing.ts';

/** What a part holds: documents in the staging collection whose `_id`s begin with seven bytes of its own, as hexadecimal. */
interface HeldDocuments extends Held {
  readonly prefix: string;
  readonly rows: number;
}

function namesOf({ job, db, name }: Place) {
  const staging = stagingName(name, job.writeback.id, db.databaseName);
  // As long as the probe's name, so that it fits where that does.
  return { staging, probe: `${staging}.probe`, sealed: `${staging}.final` };
}

/** Makes the staging collection that all parts fill. False where the server cannot rename: then nothing can be published at once. */
export async function beginInParts(place: Place): Promise<boolean> {
  const { db, name } = place;
  const { staging, probe, sealed } = namesOf(place);
  const shape = await shapeOf(db, name);
  await clearStaging(db, staging);
  await dropIfThere(db, sealed);
  await createLike(db, probe, shape);
  if (await tryRename(db, probe, staging)) return true;
  await dropIfThere(db, probe);
  return false;
}

/** Inserts the rows of one part. Each attempt has `_id`s of its own: those of one that was given up are recognised. */
export async function insertPart(
  writing: Writing,
  part: RunPart,
): Promise<{ written: Written; held: HeldDocuments }> {
  const { job, db, bson } = writing;
  if (hasOwnId(job))
    throw new UserError('mongodb-parts-own-id', 'Rows with an _id of their own cannot be written in parts.', {
      field: 'splitColumn',
      remedy: 'Leave "Split Column" empty.',
    });
  const prefix = partPrefix(job.writeback.id, job.run.id, part);
  const { staging } = namesOf(writing);
  try {
    const written = await insertRows(writing, { collection: staging, idPrefix: prefix, resumed: false });
    return { written, held: { prefix: Buffer.from(prefix).toString('hex'), rows: written.rows } };
  } catch (error) {
    await writing.tidy(runDocuments(db, staging, prefix, bson.ObjectId).removeAll);
    throw error;
  }
}

/** From and to which `_id` the documents of each part go, ascending. */
function rangesOf({ bson }: Place, held: readonly HeldDocuments[]) {
  const sorted = held.toSorted((a, b) => (a.prefix < b.prefix ? -1 : 1));
  return sorted.map(({ prefix }) => {
    const [first, last] = [0, lastRow].map(
      (row) => new bson.ObjectId(idOfRow(Buffer.from(prefix, 'hex'), row)),
    );
    return { first: first!, last: last! };
  });
}

/** Removes what attempts have written that were given up: all that lies before, between and after the parts. */
async function removeOthers(place: Place, name: string, held: readonly HeldDocuments[]): Promise<void> {
  const ranges = rangesOf(place, held);
  for (let index = 0; index <= ranges.length; index += 1) {
    const [before, after] = [ranges[index - 1], ranges[index]];
    const _id: Document = { ...(before && { $gt: before.last }), ...(after && { $lt: after.first }) };
    await place.db.collection(name).deleteMany({ _id }, { writeConcern: { w: 'majority' } });
  }
}

/** Whether the documents of all parts are in the target already; without any, whether nothing is left to rename. */
async function isPublished(place: Place, held: readonly HeldDocuments[], rows: number): Promise<boolean> {
  const { db, name } = place;
  if (rows === 0) return !(await isThere(db, namesOf(place).staging));
  let found = 0;
  for (const { first, last } of rangesOf(place, held))
    found += await db.collection(name).countDocuments({ _id: { $gte: first, $lte: last } });
  return found === rows;
}

const isThere = async (db: Db, name: string): Promise<boolean> =>
  (await db.listCollections({ name }, { nameOnly: true }).toArray()).length > 0;

/**
 * Renames the staging collection over the target, once all others' documents are out of it and the rest is counted. It is sealed
 * before, by another name, which no writer knows: one that wakes late writes into a collection that is dropped.
 */
export async function publishInParts(place: Place, all: readonly Held[]): Promise<void> {
  const held = all as readonly HeldDocuments[];
  const { db, name, job } = place;
  const { staging, sealed } = namesOf(place);
  const rows = held.reduce((sum, part) => sum + part.rows, 0);
  if (!(await isThere(db, sealed))) {
    // A finish before this one has renamed it, and died before anybody knew.
    if (await isPublished(place, held, rows)) return dropIfThere(db, staging);
    await renameOver(db, staging, sealed);
  }
  await removeOthers(place, sealed, held);
  await checkCount(place, sealed, rows);
  job.signal.throwIfAborted();
  await renameOver(db, sealed, name);
  await dropIfThere(db, staging);
}

/** Drops what all parts have written. */
export async function discardInParts(place: Place): Promise<void> {
  const { staging, sealed } = namesOf(place);
  await clearStaging(place.db, staging);
  await dropIfThere(place.db, sealed);
}
