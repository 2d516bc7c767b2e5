import type { Document } from 'bson';
import { type Call, type Handler, cursorReply, existing, wanted } from './mongo-data-commands.ts';
import { CommandError } from './mongo-error.ts';
import { matches } from './mongo-match.ts';
import { checkCollectionName } from './mongo-store.ts';

const collectionOptions = [
  'capped',
  'size',
  'max',
  'collation',
  'validator',
  'validationLevel',
  'validationAction',
  'storageEngine',
  'clusteredIndex',
  'expireAfterSeconds',
  'changeStreamPreAndPostImages',
  'indexOptionDefaults',
];

function pick(body: Document): Document {
  return Object.fromEntries(
    collectionOptions.filter((name) => name in body).map((name) => [name, body[name]]),
  );
}

const create: Handler = (call) => {
  const name = String(call.body['create']);
  if (existing(call, name)) {
    throw new CommandError(48, 'NamespaceExists', `Collection ${call.database}.${name} already exists.`);
  }
  wanted(call, name, pick(call.body));
  return {};
};

function missing(name: string): CommandError {
  return new CommandError(26, 'NamespaceNotFound', `ns does not exist: ${name}`);
}

const collMod: Handler = (call) => {
  const collection = existing(call, String(call.body['collMod']));
  if (!collection) throw missing(String(call.body['collMod']));
  Object.assign(collection.options, pick(call.body));
  return {};
};

const drop: Handler = (call) => {
  const name = String(call.body['drop']);
  call.state.databases.get(call.database)?.delete(name);
  return { ns: `${call.database}.${name}` };
};

const dropDatabase: Handler = (call) => {
  call.state.databases.delete(call.database);
  return { dropped: call.database };
};

function split(namespace: string): [string, string] {
  const dot = namespace.indexOf('.');
  return [namespace.slice(0, dot), namespace.slice(dot + 1)];
}

const renameCollection: Handler = (call) => {
  const [fromDatabase, fromName] = split(String(call.body['renameCollection']));
  const [toDatabase, toName] = split(String(call.body['to']));
  checkCollectionName(toDatabase, toName);
  const database = call.state.databases.get(fromDatabase);
  const collection = database?.get(fromName);
  if (!database || !collection) throw missing(`Source collection ${fromDatabase}.${fromName} does not exist`);
  if (fromDatabase !== toDatabase)
    throw new CommandError(20, 'IllegalOperation', 'Only within one database here');
  if (database.has(toName) && call.body['dropTarget'] !== true) {
    throw new CommandError(48, 'NamespaceExists', 'target namespace exists');
  }
  database.delete(fromName);
  database.set(toName, collection);
  return {};
};

const listCollections: Handler = (call) => {
  const filter = (call.body['filter'] ?? {}) as Document;
  const all = [...(call.state.databases.get(call.database) ?? [])].map(([name, { options }]) => ({
    name,
    type: 'collection',
    options,
    info: { readOnly: false },
    idIndex: { v: 2, key: { _id: 1 }, name: '_id_' },
  }));
  const found = all.filter((one) => matches(one, filter));
  return cursorReply(call, '$cmd.listCollections', found, Number.MAX_SAFE_INTEGER);
};

const listIndexes: Handler = (call) => {
  const name = String(call.body['listIndexes']);
  const collection = existing(call, name);
  if (!collection) throw missing(`${call.database}.${name}`);
  return cursorReply(
    call,
    name,
    collection.indexes.map(({ spec }) => spec),
    Number.MAX_SAFE_INTEGER,
  );
};

const createIndexes: Handler = (call) => {
  const collection = wanted(call, String(call.body['createIndexes']));
  const before = collection.indexes.length;
  for (const spec of call.body['indexes'] as Document[]) collection.createIndex(spec);
  return { numIndexesBefore: before, numIndexesAfter: collection.indexes.length };
};

const listDatabases: Handler = (call) => {
  return {
    databases: [...call.state.databases.keys()].map((name) => ({ name, sizeOnDisk: 0, empty: false })),
  };
};

const killCursors: Handler = (call: Call) => {
  for (const id of (call.body['cursors'] ?? []) as unknown[]) call.state.cursors.delete(String(id));
  return { cursorsKilled: call.body['cursors'] as unknown[] };
};

/** Commands on collections, indexes and cursors. */
export const schemaCommands: Readonly<Record<string, Handler>> = {
  create,
  collMod,
  drop,
  dropDatabase,
  renameCollection,
  listCollections,
  listIndexes,
  createIndexes,
  listDatabases,
  killCursors,
};
