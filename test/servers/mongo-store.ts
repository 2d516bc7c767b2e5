import { BSON, ObjectId, type Document } from 'bson';
import { CommandError } from './mongo-error.ts';
import { equalityOf, keyOf, matches, valueAt } from './mongo-match.ts';
import { decode } from './mongo-wire.ts';

const maxDocumentBytes = 16 * 1024 * 1024;

interface Index {
  readonly spec: Document;
  /** Only of unique indexes: from key to `_id`. */
  readonly keys: Map<string, string> | undefined;
}

/** Documents under a name: kept as the bytes that came, found by `_id` and by unique keys. */
export class StoredCollection {
  readonly options: Document;
  readonly documents = new Map<string, Uint8Array>();
  readonly indexes: Index[] = [{ spec: { v: 2, key: { _id: 1 }, name: '_id_' }, keys: undefined }];
  /** Documents that were counted and thrown away. */
  discarded = 0;

  constructor(options: Document = {}) {
    this.options = options;
  }

  private checked(document: Document, bytes: Uint8Array): void {
    if (bytes.length > maxDocumentBytes) {
      throw new CommandError(2, 'BadValue', `object to insert too large. size in bytes: ${bytes.length}`);
    }
    if (Array.isArray(document['_id'])) throw new CommandError(2, 'BadValue', "can't use an array for _id");
    const validator = this.options['validator'] as Document | undefined;
    if (validator && this.options['validationAction'] !== 'warn' && !matches(document, validator)) {
      throw new CommandError(121, 'DocumentValidationFailure', 'Document failed validation');
    }
  }

  private duplicate(index: Index, document: Document): CommandError {
    const key = index.spec['key'] as Document;
    const value = Object.fromEntries(Object.keys(key).map((path) => [path, valueAt(document, path)]));
    const message = `E11000 duplicate key error collection: index: ${index.spec['name']} dup key: ${JSON.stringify(value)}`;
    return new CommandError(11_000, 'DuplicateKey', message, { keyPattern: key, keyValue: value });
  }

  private indexKeys(document: Document, id: string): void {
    const unique = this.indexes.filter((index) => index.keys);
    for (const index of unique) {
      const other = index.keys!.get(indexKey(index, document));
      if (other !== undefined && other !== id) throw this.duplicate(index, document);
    }
    for (const index of unique) index.keys!.set(indexKey(index, document), id);
  }

  private forget(id: string, document: Document): void {
    this.documents.delete(id);
    for (const index of this.indexes) index.keys?.delete(indexKey(index, document));
  }

  /** Throws 11000, 121, and 2 for what cannot be stored. */
  insert(bytes: Uint8Array): void {
    let document = decode(bytes);
    let stored = bytes;
    if (document['_id'] === undefined) {
      document = { _id: new ObjectId(), ...document };
      stored = BSON.serialize(document);
    }
    this.checked(document, stored);
    const id = keyOf(document['_id']);
    if (this.documents.has(id)) throw this.duplicate(this.indexes[0]!, document);
    this.indexKeys(document, id);
    this.documents.set(id, stored);
  }

  replace(before: Document, after: Document): void {
    const bytes = BSON.serialize(after);
    this.checked(after, bytes);
    const id = keyOf(before['_id']);
    for (const index of this.indexes) index.keys?.delete(indexKey(index, before));
    try {
      this.indexKeys(after, id);
    } catch (error) {
      this.indexKeys(before, id);
      throw error;
    }
    this.documents.set(id, bytes);
  }

  remove(document: Document): void {
    this.forget(keyOf(document['_id']), document);
  }

  private candidates(query: Document): Iterable<Uint8Array> {
    const byId = '_id' in query ? equalityOf(query['_id']) : undefined;
    const one = (id: string | undefined) => {
      const bytes = id === undefined ? undefined : this.documents.get(id);
      return bytes ? [bytes] : [];
    };
    if (byId) return one(keyOf(byId.value));
    const index = this.indexes.find(
      ({ spec, keys }) =>
        keys &&
        Object.keys(spec['key'] as Document).every((path) => path in query && equalityOf(query[path])),
    );
    if (!index) return this.documents.values();
    const paths = Object.keys(index.spec['key'] as Document);
    return one(index.keys!.get(paths.map((path) => keyOf(equalityOf(query[path])!.value)).join('\u0001')));
  }

  *find(query: Document): Generator<Document> {
    for (const bytes of this.candidates(query)) {
      const document = decode(bytes);
      if (matches(document, query)) yield document;
    }
  }

  /** Throws 85 or 86 for a name or key that is taken otherwise, 11000 when unique and there are duplicates. */
  createIndex(spec: Document): void {
    const sameName = this.indexes.find((index) => index.spec['name'] === spec['name']);
    const keyText = JSON.stringify(spec['key']);
    if (sameName) {
      if (
        JSON.stringify(sameName.spec['key']) === keyText &&
        Boolean(sameName.spec['unique']) === Boolean(spec['unique'])
      )
        return;
      throw new CommandError(
        86,
        'IndexKeySpecsConflict',
        `An existing index has the same name as the requested index: ${spec['name']}`,
      );
    }
    if (
      this.indexes.some(
        (index) =>
          JSON.stringify(index.spec['key']) === keyText && !index.spec['collation'] && !spec['collation'],
      )
    ) {
      throw new CommandError(85, 'IndexOptionsConflict', 'Index already exists with a different name');
    }
    const index: Index = { spec: { v: 2, ...spec }, keys: spec['unique'] ? new Map() : undefined };
    for (const bytes of index.keys ? this.documents.values() : []) {
      const document = decode(bytes);
      const key = indexKey(index, document);
      if (index.keys!.has(key)) throw this.duplicate(index, document);
      index.keys!.set(key, keyOf(document['_id']));
    }
    this.indexes.push(index);
  }
}

function indexKey(index: Index, document: Document): string {
  return Object.keys(index.spec['key'] as Document)
    .map((path) => keyOf(valueAt(document, path)))
    .join('\u0001');
}

/** Throws code 73 for names that MongoDB does not take. */
export function checkCollectionName(database: string, name: string): void {
  const refuse = (why: string) => new CommandError(73, 'InvalidNamespace', `Invalid collection name: ${why}`);
  if (name === '' || name.includes('\0')) throw refuse('empty or with a null character');
  if (name.includes('$')) throw refuse("must not contain '$'");
  if (name.startsWith('system.') || name.startsWith('.')) throw refuse(`'${name}'`);
  if (Buffer.byteLength(`${database}.${name}`) > 255) throw refuse('longer than 255 bytes');
}
