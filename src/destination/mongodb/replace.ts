import type { Db } from 'mongodb';
import { TemporaryError, UserError } from '../../errors.ts';
import { insertRows } from './insert-rows.ts';
import { runDocuments } from './run-documents.ts';
import { idPrefix, stagingName } from './stamp.ts';
import { createLike, dropIfThere, renameOver, shapeOf, tryRename } from './staging.ts';
import { type Place, type Writing, type Written, ensureCollection, hasOwnId } from './writing.ts';

/** Throws TemporaryError `mongodb-count-differs` unless a collection has so many documents. */
export async function checkCount(
  { db }: Pick<Place, 'db'>,
  staging: string,
  expected: number,
): Promise<void> {
  // Counted, not estimated: the estimate of some servers is stale.
  const found = await db.collection(staging).countDocuments({});
  if (found === expected) return;
  throw new TemporaryError(
    'mongodb-count-differs',
    `${expected} documents were written, and ${found} were found afterwards; nothing was published.`,
    {
      remedy:
        'Run again; if it happens again, look for something else that writes into the staging collection.',
    },
  );
}

/** Drops what a dead attempt left under these names. */
export async function clearStaging(db: Db, staging: string): Promise<void> {
  await dropIfThere(db, staging);
  await dropIfThere(db, `${staging}.probe`);
}

async function throughStaging(writing: Writing, staging: string): Promise<Written> {
  const { job, db, name } = writing;
  const prefix = idPrefix(job.writeback.id, job.run.id);
  const written = await insertRows(writing, { collection: staging, idPrefix: prefix, resumed: false });
  await checkCount(writing, staging, written.rows);
  job.signal.throwIfAborted();
  await renameOver(db, staging, name);
  return written;
}

/** For servers that cannot rename: this run's documents beside the old ones, then the old ones deleted. */
async function inPlace(writing: Writing): Promise<Written> {
  const { job, db, name, bson } = writing;
  if (hasOwnId(job)) {
    throw new UserError(
      'mongodb-rename-needed',
      'This server cannot rename collections, and the DataSet has its own _id.',
      {
        field: 'writeMode',
        remedy: 'Choose Mirror with the key column _id.',
      },
    );
  }
  job.warn(
    'This server cannot rename collections: while the run lasted, readers saw old and new documents together.',
  );
  const prefix = idPrefix(job.writeback.id, job.run.id);
  const documents = runDocuments(db, name, prefix, bson.ObjectId);
  await ensureCollection(db, name);
  try {
    const written = await insertRows(writing, { collection: name, idPrefix: prefix, resumed: true });
    await documents.removeAfter(job.rowsRead());
    job.signal.throwIfAborted();
    await documents.removeOthers();
    return written;
  } catch (error) {
    await writing.tidy(documents.removeAll);
    throw error;
  }
}

/**
 * Publishes all rows at once: a staging collection like the target is filled, counted and renamed over it. Its name is the
 * same for every attempt, so that a second one begins by removing what a dead one left.
 */
export async function replace(writing: Writing): Promise<Written> {
  const { job, db, name } = writing;
  const staging = stagingName(name, job.writeback.id, db.databaseName);
  const probe = `${staging}.probe`;
  const clear = () => clearStaging(db, staging);
  const shape = await shapeOf(db, name);
  await clear();
  try {
    await createLike(db, probe, shape);
    if (await tryRename(db, probe, staging)) return await throughStaging(writing, staging);
    await dropIfThere(db, probe);
    return await inPlace(writing);
  } catch (error) {
    // The connection may be what failed; then the next attempt clears.
    await writing.tidy(clear);
    throw error;
  }
}
