import { after } from 'node:test';
import { startMongoJavaServer } from '../../../test/servers/mongo-java-server.ts';
import { startMongo } from '../../../test/servers/mongo-stand-in.ts';
import { conformance } from '../../connector/conformance.ts';
import { mongoTarget } from './mongodb-target.ts';

const user = { name: 'writer', password: 'a secret p@ss:word/%' };
const standIn = await startMongo({ users: [user] });
after(() => standIn.stop());
conformance('mongodb on the stand-in', () => mongoTarget({ host: standIn.host, port: standIn.port, user }));

const java = await startMongoJavaServer();
if (java) {
  after(() => java.stop());
  conformance('mongodb on mongo-java-server', () => mongoTarget(java));
} else {
  console.error('MISSING real server: mongo-java-server (test/servers/install/mongo-java-server.sh)');
  if (process.env['CI']) process.exitCode = 1;
}
