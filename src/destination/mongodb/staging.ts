import type { Db, Document } from 'mongodb';
import { UserError } from '../../errors.ts';

/** What a new collection needs to be like the one it replaces. */
export interface Shape {
  readonly options: Document;
  readonly indexes: readonly Document[];
}

/** The target's options (validator, collation …) and indexes; nothing of a collection that does not exist. */
export async function shapeOf(db: Db, name: string): Promise<Shape> {
  const [found] = await db.listCollections({ name }).toArray();
  if (!found) return { options: {}, indexes: [] };
  if (found.type !== undefined && found.type !== 'collection') {
    throw new UserError(
      'mongodb-target-not-a-collection',
      `"${name}" is a ${found.type}, which cannot be written to.`,
      {
        field: 'customCollectionName',
        remedy: 'Choose another name, or drop it first.',
      },
    );
  }
  const { autoIndexId: _, uuid: __, ...options } = ((found as Document)['options'] ?? {}) as Document;
  const all = (await db.collection(name).listIndexes().toArray()) as Document[];
  // `ns` is what servers before 4.4 say, and what newer ones refuse.
  const indexes = all.filter((index) => index['name'] !== '_id_').map(({ ns: ___, ...index }) => index);
  return { options, indexes };
}

/** Drops a collection; that it does not exist is fine (code 26 on older servers). */
export async function dropIfThere(db: Db, name: string): Promise<void> {
  await db.command({ drop: name }).catch((error: { code?: number; message?: string }) => {
    if (error.code !== 26 && !/ns not found|not exist/i.test(error.message ?? '')) throw error;
  });
}

/** Makes an empty collection of that shape. */
export async function createLike(db: Db, name: string, { options, indexes }: Shape): Promise<void> {
  await db.command({ create: name, ...options });
  if (indexes.length > 0) await db.command({ createIndexes: name, indexes });
}

/** Renames over whatever has the name. */
export async function renameOver(db: Db, from: string, to: string): Promise<void> {
  const command = {
    renameCollection: `${db.databaseName}.${from}`,
    to: `${db.databaseName}.${to}`,
    dropTarget: true,
  };
  await db.admin().command({ ...command, writeConcern: { w: 'majority' } });
}

/** Not found, not allowed, not supported, illegal here (sharded): the codes with which servers refuse to rename at all. */
const cannotRename = [59, 13, 115, 238, 20, 72, 303];

/** Whether collections can be renamed here, tried on an empty one; `from` becomes `to`. */
export async function tryRename(db: Db, from: string, to: string): Promise<boolean> {
  try {
    await renameOver(db, from, to);
    return true;
  } catch (error) {
    if (!cannotRename.includes((error as { code?: number }).code ?? 0)) throw error;
    return false;
  }
}
