import { insertRows } from './insert-rows.ts';
import { runDocuments } from './run-documents.ts';
import { idPrefix } from './stamp.ts';
import { type Writing, type Written, ensureCollection, hasOwnId } from './writing.ts';

/**
 * Adds all rows to the target. The `_id`s are made of writeback, run and row number, so that a second attempt adds nothing
 * and can tell what the first one left; a run that fails takes its rows back. Of some rows that come again nothing is taken
 * back: the others of the run are to stay.
 */
export async function append(writing: Writing): Promise<Written> {
  const { job, db, name, bson } = writing;
  const prefix = idPrefix(job.writeback.id, job.run.id);
  const own = hasOwnId(job);
  const documents = runDocuments(db, name, prefix, bson.ObjectId);
  await ensureCollection(db, name);
  try {
    const written = await insertRows(writing, { collection: name, idPrefix: prefix, resumed: true });
    // The source may have had more rows at the attempt before.
    if (!own && !job.someRows) await documents.removeAfter(job.rowsRead());
    return written;
  } catch (error) {
    // When this fails too, the next attempt of the run finds the same documents by their ids.
    if (!own && !job.someRows) await writing.tidy(documents.removeAll);
    throw error;
  }
}
