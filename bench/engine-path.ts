import { MongoClient } from 'mongodb';
import type { Arrived } from './far/far.ts';
import { importing } from './mongodb-paths.ts';
import { fromFile, oursTo } from './ours.ts';
import type { Path } from './path.ts';
import type { Rig } from './rig.ts';

const database = 'writeback_bench';

/** Counts what the last run left, and removes it. */
async function takeDocuments(uri: string): Promise<Arrived> {
  const client = await MongoClient.connect(uri);
  try {
    const db = client.db(database);
    const counts = await Promise.all(['ours', 'rival'].map((name) => db.collection(name).countDocuments({})));
    await db.dropDatabase();
    return { pieces: 1, bytes: 0, documents: counts.reduce((sum, count) => sum + count, 0), crc32: 0 };
  } finally {
    await client.close();
  }
}

/**
 * A server that stores what it gets, at `MONGODB_TEST_URI`; nothing without it. There the server is the limit, so what counts is
 * what the client costs.
 */
export function enginePaths(rig: Rig): Path[] {
  const uri = process.env['MONGODB_TEST_URI'];
  if (uri === undefined) return [];
  const target = {
    connector: 'mongodb',
    credentials: { connectionString: '${MONGODB_TEST_URI}', databaseName: database },
    details: { collectionNameSource: 'customName', customCollectionName: 'ours', writeMode: 'append' },
  };
  const rivals = [importing({ uri, database }, 1, true), importing({ uri, database }, 4, false)];
  return [
    {
      name: 'engine',
      title: 'file → a MongoDB server that stores',
      rows: 'million',
      ours: oursTo(rig, 'engine', fromFile, target),
      rivals,
      lines: [
        { kind: 'CPU s/100 k rows', atMost: 0.15 },
        { kind: 'speed', beside: rivals.map(({ name }) => name), atLeast: 2, quick: 1 },
      ],
      arrived: () => takeDocuments(uri),
      expects: 'count',
    },
  ];
}
