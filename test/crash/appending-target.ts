import { MongoClient } from 'mongodb';
import type { ConformanceTarget } from '../../src/connector/conformance.ts';
import { mongoTarget } from '../servers/mongo-target.ts';
import { startMongo } from '../servers/mongo-stand-in.ts';

/** A MongoDB whose rows come on top of the earlier ones; whoever reads them takes them away, so that one more is seen. */
export async function appendingTarget(): Promise<ConformanceTarget> {
  const user = { name: 'loader', password: 'loader-password' };
  const server = await startMongo({ users: [user] });
  const target = await mongoTarget({ host: server.host, port: server.port, user });
  const login = { auth: { username: user.name, password: user.password }, authSource: 'admin' };
  const client = await MongoClient.connect(`mongodb://${server.host}:${server.port}/`, login);
  const rows = client.db(String(target.credentials['databaseName'])).collection('rows');
  return {
    ...target,
    details: { ...target.details, writeMode: 'append' },
    async stored() {
      const stored = await target.stored();
      await rows.deleteMany({});
      return stored;
    },
    async close() {
      await client.close();
      await target.close();
      await server.stop();
    },
  };
}
