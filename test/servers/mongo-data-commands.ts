import { BSON, Long, type Document } from 'bson';
import { CommandError } from './mongo-error.ts';
import { compare, matches, valueAt } from './mongo-match.ts';
import { StoredCollection, checkCollectionName } from './mongo-store.ts';
import { updated, upserted } from './mongo-update.ts';
import type { WireCommand } from './mongo-wire.ts';
import { decode } from './mongo-wire.ts';

/** What all commands work on. Databases and collections come into being when first written to. */
export interface MongoState {
  readonly databases: Map<string, Map<string, StoredCollection>>;
  readonly cursors: Map<string, { readonly namespace: string; readonly rest: Document[] }>;
  readonly discard: boolean;
}

/** A command with its database. */
export interface Call {
  readonly state: MongoState;
  readonly database: string;
  readonly body: Document;
  readonly command: WireCommand;
}

export type Handler = (call: Call) => Document;

const maxBatch = 100_000;

/** The collection, or undefined while it does not exist. */
export function existing(call: Call, name: string): StoredCollection | undefined {
  return call.state.databases.get(call.database)?.get(name);
}

/** The collection, made when it is not there. Throws code 73. */
export function wanted(call: Call, name: string, options: Document = {}): StoredCollection {
  checkCollectionName(call.database, name);
  const { databases } = call.state;
  if (!databases.has(call.database)) databases.set(call.database, new Map());
  const database = databases.get(call.database)!;
  if (!database.has(name)) database.set(name, new StoredCollection(options));
  return database.get(name)!;
}

/** Documents of a kind-1 section, or of the body. */
function items(call: Call, name: string): Uint8Array[] {
  const sent =
    call.command.sequences.get(name) ??
    ((call.body[name] ?? []) as Document[]).map((one) => BSON.serialize(one));
  if (sent.length < 1 || sent.length > maxBatch) {
    throw new CommandError(
      16,
      'InvalidLength',
      `Write batch sizes must be between 1 and ${maxBatch}. Got ${sent.length} operations.`,
    );
  }
  return sent;
}

/** Runs each item; the first refusal ends an ordered write. */
function writeEach(
  call: Call,
  list: Uint8Array[],
  write: (item: Uint8Array, index: number) => void,
): Document {
  const writeErrors: Document[] = [];
  for (const [index, item] of list.entries()) {
    try {
      write(item, index);
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      writeErrors.push(error.writeError(index));
      if (call.body['ordered'] !== false) break;
    }
  }
  return writeErrors.length > 0 ? { writeErrors } : {};
}

const insert: Handler = (call) => {
  const collection = wanted(call, String(call.body['insert']));
  const list = items(call, 'documents');
  if (call.state.discard) {
    collection.discarded += list.length;
    return { n: list.length };
  }
  let n = 0;
  const outcome = writeEach(call, list, (bytes) => {
    collection.insert(bytes);
    n += 1;
  });
  return { n, ...outcome };
};

const update: Handler = (call) => {
  const collection = wanted(call, String(call.body['update']));
  const upserts: Document[] = [];
  let [n, nModified] = [0, 0];
  const outcome = writeEach(call, items(call, 'updates'), (bytes, index) => {
    const { q, u, upsert = false, multi = false } = decode(bytes);
    if (Array.isArray(u))
      throw new CommandError(40_324, 'FailedToParse', 'Update pipelines are not supported here');
    const found = [...collection.find(q as Document)].slice(0, multi ? undefined : 1);
    for (const before of found) {
      const after = updated(before, u as Document, false);
      n += 1;
      if (Buffer.compare(BSON.serialize(before), BSON.serialize(after)) === 0) continue;
      collection.replace(before, after);
      nModified += 1;
    }
    if (found.length > 0 || !upsert) return;
    const document = upserted(q as Document, u as Document);
    collection.insert(BSON.serialize(document));
    upserts.push({ index, _id: document['_id'] });
    n += 1;
  });
  return { n, nModified, ...(upserts.length > 0 ? { upserted: upserts } : {}), ...outcome };
};

const remove: Handler = (call) => {
  const collection = existing(call, String(call.body['delete']));
  let n = 0;
  const outcome = writeEach(call, items(call, 'deletes'), (bytes) => {
    const { q, limit } = decode(bytes);
    const found = collection ? [...collection.find(q as Document)] : [];
    for (const document of found.slice(0, Number(limit) === 1 ? 1 : undefined)) {
      collection!.remove(document);
      n += 1;
    }
  });
  return { n, ...outcome };
};

/** The first batch of an answer, and a cursor for the rest. */
export function cursorReply(call: Call, name: string, documents: Document[], batchSize: unknown): Document {
  const namespace = `${call.database}.${name}`;
  const size = batchSize === undefined ? 101 : Number(batchSize);
  const rest = documents.slice(size);
  const id = rest.length > 0 ? Long.fromNumber(call.state.cursors.size + 1 + Date.now()) : Long.ZERO;
  if (rest.length > 0) call.state.cursors.set(id.toString(), { namespace, rest });
  return { cursor: { id, ns: namespace, firstBatch: documents.slice(0, size) } };
}

function sorted(documents: Document[], sort: Document | undefined): Document[] {
  if (!sort) return documents;
  const keys = Object.entries(sort);
  return documents.toSorted((a, b) => {
    for (const [path, direction] of keys) {
      const order = compare(valueAt(a, path), valueAt(b, path)) * Number(direction);
      if (order !== 0) return order;
    }
    return 0;
  });
}

function projected(document: Document, projection: Document | undefined): Document {
  if (!projection) return document;
  const names = Object.entries(projection);
  const included = names.filter(([name, on]) => name !== '_id' && Boolean(Number(on))).map(([name]) => name);
  const keepId = !names.some(([name, on]) => name === '_id' && !Number(on));
  return Object.fromEntries(
    Object.entries(document).filter(([name]) =>
      name === '_id' ? keepId : included.length === 0 || included.includes(name),
    ),
  );
}

const find: Handler = (call) => {
  const name = String(call.body['find']);
  const { filter = {}, sort, projection, batchSize } = call.body;
  const skip = Number(call.body['skip'] ?? 0);
  const limit = Math.abs(Number(call.body['limit'] ?? 0));
  const all = sorted(
    [...(existing(call, name)?.find(filter as Document) ?? [])],
    sort as Document | undefined,
  );
  const page = all.slice(skip, limit > 0 ? skip + limit : undefined);
  const documents = page.map((document) => projected(document, projection as Document | undefined));
  return cursorReply(call, name, documents, call.body['singleBatch'] ? limit : batchSize);
};

const getMore: Handler = (call) => {
  const id = String(call.body['getMore']);
  const cursor = call.state.cursors.get(id);
  if (!cursor) throw new CommandError(43, 'CursorNotFound', `cursor id ${id} not found`);
  const nextBatch = cursor.rest.splice(0, Number(call.body['batchSize'] ?? 1000));
  if (cursor.rest.length === 0) call.state.cursors.delete(id);
  const left = cursor.rest.length > 0 ? Long.fromString(id) : Long.ZERO;
  return { cursor: { id: left, ns: cursor.namespace, nextBatch } };
};

const stages: Record<string, (documents: Document[], value: Document) => Document[]> = {
  $match: (documents, query) => documents.filter((document) => matches(document, query)),
  $skip: (documents, count) => documents.slice(Number(count)),
  $limit: (documents, count) => documents.slice(0, Number(count)),
  $count: (documents, name) =>
    documents.length > 0 ? [{ [name as unknown as string]: documents.length }] : [],
  // Only what countDocuments asks: one group, ones summed.
  $group: (documents, group) => {
    const name = Object.keys(group).find((key) => key !== '_id') ?? 'n';
    return documents.length > 0 ? [{ _id: group['_id'], [name]: documents.length }] : [];
  },
};

const aggregate: Handler = (call) => {
  const name = String(call.body['aggregate']);
  const collection = existing(call, name);
  if (call.state.discard && collection) {
    return cursorReply(
      call,
      name,
      collection.discarded > 0 ? [{ _id: 1, n: collection.discarded }] : [],
      101,
    );
  }
  let documents = [...(collection?.find({}) ?? [])];
  for (const stage of call.body['pipeline'] as Document[]) {
    const [operator = ''] = Object.keys(stage);
    const run = stages[operator];
    if (!run)
      throw new CommandError(40_324, 'Location40324', `Unrecognized pipeline stage name: '${operator}'`);
    documents = run(documents, stage[operator] as Document);
  }
  return cursorReply(call, name, documents, 101);
};

const count: Handler = (call) => {
  const collection = existing(call, String(call.body['count']));
  if (!collection) return { n: 0 };
  const query = (call.body['query'] ?? {}) as Document;
  if (Object.keys(query).length === 0) return { n: collection.documents.size + collection.discarded };
  return { n: [...collection.find(query)].length };
};

/** Commands that read and write documents. */
export const dataCommands: Readonly<Record<string, Handler>> = {
  insert,
  update,
  delete: remove,
  find,
  getMore,
  aggregate,
  count,
};
