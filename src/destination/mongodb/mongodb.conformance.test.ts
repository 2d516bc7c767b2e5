import { after } from 'node:test';
import { startMongoJavaServer } from '../../../test/servers/mongo-java-server.ts';
import { startMongo } from '../../../test/servers/mongo-stand-in.ts';
import { mongoTarget } from '../../../test/servers/mongo-target.ts';
import { ways } from '../../../test/servers/mongo-trial.ts';
import { conformance } from '../../connector/conformance.ts';

const user = { name: 'writer', password: 'a secret p@ss:word/%' };
const standIn = await startMongo({ users: [user] });
after(() => standIn.stop());
const java = await startMongoJavaServer();
if (java) after(() => java.stop());

for (const { title, connector } of ways) {
  const { host, port } = standIn;
  conformance(`mongodb (${title}) on the stand-in`, () => mongoTarget({ host, port, user }, connector));
  if (java) conformance(`mongodb (${title}) on mongo-java-server`, () => mongoTarget(java, connector));
}

if (!java) {
  console.error('MISSING real server: mongo-java-server (test/servers/install/mongo-java-server.sh)');
  if (process.env['CI']) process.exitCode = 1;
}
