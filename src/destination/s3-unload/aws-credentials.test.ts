import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type S3StandIn, startS3 } from '../../../test/servers/s3-stand-in.ts';
import { noise, put } from '../../../test/servers/s3-trial.ts';
import { createEgress } from '../../egress/egress.ts';
import { UserError } from '../../errors.ts';

/** A machine without keys, or with these, until the test has ended. */
function machine(context: TestContext, keys: Record<string, string>): void {
  const before = { ...process.env };
  context.after(() => (process.env = before));
  for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) delete process.env[name];
  const none = { AWS_SHARED_CREDENTIALS_FILE: '/none', AWS_CONFIG_FILE: '/none' };
  Object.assign(process.env, none, keys);
}

async function standIn(context: TestContext): Promise<S3StandIn> {
  const server = await startS3();
  context.after(() => server.stop());
  return server;
}

const chain = { accessKey: undefined, secretKey: undefined, credentialSource: 'defaultChain' };

test('the keys of the environment are enough, and nobody asks for an address', async (context) => {
  const server = await standIn(context);
  machine(context, { AWS_ACCESS_KEY_ID: server.accessKey, AWS_SECRET_ACCESS_KEY: server.secretKey });
  const asked: string[] = [];
  const egress = createEgress((host) => void asked.push(host));
  await put(server, 'in/a.csv', noise(10), { credentials: chain, egress });
  assert.equal(server.objects().get('in/a.csv')?.length, 10);
  assert.deepEqual([...new Set(asked)], ['127.0.0.1']);
});

test('where egress does not allow the metadata address, its refusal is told and nothing is sent there', async (context) => {
  const server = await standIn(context);
  machine(context, {});
  const egress = createEgress((host) => {
    if (host === '169.254.169.254') throw new UserError('egress-blocked', 'Not there.');
  });
  const writing = put(server, 'in/a.csv', noise(10), { credentials: chain, egress });
  await assert.rejects(writing, { name: 'UserError', code: 'egress-blocked' });
  assert.equal(server.requests.length, 0);
});

test('a machine that has nothing at all says so', async (context) => {
  const server = await standIn(context);
  machine(context, { AWS_EC2_METADATA_DISABLED: 'true' });
  const writing = put(server, 'in/a.csv', noise(10), { credentials: chain });
  await assert.rejects(writing, {
    name: 'UserError',
    code: 's3-unload-no-credentials',
    field: 'credentialSource',
  });
});
