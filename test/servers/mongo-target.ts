import type { Document, MongoClient } from 'mongodb';
import type { ConformanceTarget, StoredRow } from '../../src/connector/conformance.ts';
import type { Connector } from '../../src/connector/contract.ts';
import { mongodbConnector } from '../../src/destination/mongodb/mongodb.ts';

/** A server to test against; without a user it asks for none. */
export interface MongoTestServer {
  readonly host: string;
  readonly port: number;
  readonly user?: { readonly name: string; readonly password: string };
}

function textOf(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  if (value instanceof Date) return value.toISOString();
  return (value as string | number | bigint | { toString(): string }).toString();
}

function credentialsOf({ host, port, user }: MongoTestServer, databaseName: string): Record<string, unknown> {
  const login = user ? { username: user.name, password: user.password } : {};
  return { host, databasePort: port, databaseName, ...login };
}

async function connect({ host, port, user }: MongoTestServer): Promise<MongoClient> {
  const { MongoClient } = await import('mongodb');
  const auth = user ? { auth: { username: user.name, password: user.password }, authSource: 'admin' } : {};
  return MongoClient.connect(`mongodb://${host}:${port}/`, auth);
}

let opened = 0;

/** A collection of its own in a database of its own, read with the driver alone; both go when it is closed. */
export async function mongoTarget(
  server: MongoTestServer,
  connector: Connector = mongodbConnector,
): Promise<ConformanceTarget> {
  opened += 1;
  const databaseName = `conformance_${process.pid}_${opened}`;
  const client = await connect(server);
  const db = client.db(databaseName);
  const names = async () =>
    (await db.listCollections({}, { nameOnly: true }).toArray()).map(({ name }) => name);
  const credentials = credentialsOf(server, databaseName);
  return {
    connector,
    credentials,
    details: { collectionNameSource: 'customName', customCollectionName: 'rows' },
    endpoint: { host: server.host, port: server.port },
    via: (host, databasePort) => ({ ...credentials, host, databasePort }),
    ...(server.user
      ? { refused: { ...credentials, password: `not ${server.user.password.length} characters` } }
      : {}),
    secrets: server.user ? [server.user.password] : [],
    async stored() {
      if (!(await names()).includes('rows')) return undefined;
      const found = db.collection('rows').find({}, { sort: { _id: 1 }, useBigInt64: true });
      const rows: StoredRow[] = [];
      for await (const { _id, ...cells } of found as AsyncIterable<Document>)
        rows.push(Object.values(cells).map(textOf));
      return rows;
    },
    leftovers: async () => (await names()).filter((name) => name !== 'rows'),
    async close() {
      await db.dropDatabase();
      await client.close();
    },
  };
}
