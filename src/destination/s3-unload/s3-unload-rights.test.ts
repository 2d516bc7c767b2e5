import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { STSClient, AssumeRoleCommand } from '@aws-sdk/client-sts';
import { startMinio } from '../../../test/servers/minio.ts';
import { missing } from '../../../test/servers/s3-servers.ts';
import { type S3Options, startS3 } from '../../../test/servers/s3-stand-in.ts';
import { expected, noise, put, steps } from '../../../test/servers/s3-trial.ts';

const MiB = 1024 * 1024;
const resource = 'bucket/in/*';

async function standIn(context: TestContext, options: S3Options) {
  const server = await startS3(options);
  context.after(() => server.stop());
  return server;
}

const writer = { accessKey: 'AKWRITER000000000001', secretKey: 'writer-secret-key' };
const mayPut = { ...writer, allow: [{ actions: ['s3:PutObject'], resource }] };
const mayAbort = { ...writer, allow: [{ actions: ['s3:PutObject', 's3:AbortMultipartUpload'], resource }] };

test('s3:PutObject alone is enough for small and large files, and for the connection test', async (context) => {
  const server = await standIn(context, { keys: [mayPut] });
  await put(server, 'in/small.csv', noise(10), { credentials: writer });
  await put(server, 'in/large.csv', noise(20 * MiB), { credentials: writer });
  assert.ok(
    server
      .objects()
      .get('in/large.csv')
      ?.bytes.equals(expected(20 * MiB)),
  );
  const seen = await steps(server, { credentials: writer });
  assert.ok(seen.every(({ ok }) => ok));
  assert.match(seen.at(-1)?.message ?? '', /could not be removed.*lifecycle rule/);
});

test('without the right to abort, a failed upload says what remains', async (context) => {
  const server = await standIn(context, { keys: [mayPut] });
  const warnings: string[] = [];
  async function* broken() {
    yield* noise(20 * MiB);
    throw new Error('the source broke');
  }
  await assert.rejects(
    put(server, 'in/a.csv', broken(), { credentials: writer, warnings }),
    /the source broke/,
  );
  assert.equal(server.uploads().length, 1);
  assert.match(warnings.join(), /remains in the bucket.*s3:AbortMultipartUpload/);
});

test('with the right to abort, a connection test leaves nothing at all', async (context) => {
  const server = await standIn(context, { keys: [mayAbort] });
  const seen = await steps(server, { credentials: writer });
  assert.match(seen.at(-1)?.message ?? '', /nothing remains/);
  assert.equal(server.uploads().length + server.objects().size, 0);
});

test('a path that the key may not write is told as denied, with the right that is missing', async (context) => {
  const server = await standIn(context, { keys: [mayPut] });
  const outside = { name: 'UserError', code: 's3-unload-access-denied', remedy: /s3:PutObject/ };
  await assert.rejects(put(server, 'out/a.csv', noise(10), { credentials: writer }), outside);
  const last = (await steps(server, { credentials: writer, details: { path: 'out' } })).at(-1);
  assert.deepEqual([last?.name, last?.ok], ['permission', false]);
});

test('a role is assumed with its external id, and refused with another', async (context) => {
  const arn = 'arn:aws:iam::123456789012:role/writer';
  const server = await standIn(context, { roles: [{ arn, externalId: 'ext-1', allow: mayPut.allow }] });
  await put(server, 'in/role.csv', noise(10), { credentials: { roleArn: arn, externalId: 'ext-1' } });
  assert.ok(server.objects().has('in/role.csv'));
  assert.ok(server.requests.includes('AssumeRole'));
  const wrong = put(server, 'in/b.csv', noise(10), { credentials: { roleArn: arn, externalId: 'other' } });
  await assert.rejects(wrong, { name: 'UserError', code: 's3-unload-access-denied' });
  await assert.rejects(
    put(server, 'out/b.csv', noise(10), { credentials: { roleArn: arn, externalId: 'ext-1' } }),
    {
      code: 's3-unload-access-denied',
    },
  );
});

test('temporary keys work with their session token and are refused without', async (context) => {
  const server = await standIn(context, { keys: [{ ...mayPut, sessionToken: 'token-1' }] });
  await put(server, 'in/a.csv', noise(10), { credentials: { ...writer, sessionToken: 'token-1' } });
  assert.ok(server.objects().has('in/a.csv'));
  await assert.rejects(put(server, 'in/b.csv', noise(10), { credentials: writer }), {
    code: 's3-unload-login-refused',
  });
});

test('SSE-KMS: the key is sent, an unknown one is told, and the connection test finds a missing kms:Decrypt', async (context) => {
  const server = await standIn(context, { kmsKeys: ['key-1'], kmsDecrypt: false });
  const details = { serverSideEncryption: 'aws:kms', kmsKeyId: 'key-1' };
  await put(server, 'in/a.csv', noise(10), { details });
  assert.equal(
    server.objects().get('in/a.csv')?.headers['x-amz-server-side-encryption-aws-kms-key-id'],
    'key-1',
  );
  const unknown = put(server, 'in/b.csv', noise(10), { details: { ...details, kmsKeyId: 'key-2' } });
  await assert.rejects(unknown, { name: 'UserError', code: 's3-unload-kms-key', field: 'kmsKeyId' });
  const last = (await steps(server, { details })).at(-1);
  assert.deepEqual([last?.name, last?.ok], ['write probe', false]);
  assert.match(last?.remedy ?? '', /kms:Decrypt/);
  assert.equal(server.uploads().length, 0);
});

test('MinIO: a key that may only put and abort under a prefix writes there, and nowhere else', async (context) => {
  const server = await startMinio();
  if (!server) return missing('MinIO');
  context.after(() => server.stop());
  const { endpoint, region, accessKey, secretKey } = server;
  const actions = ['s3:PutObject', 's3:AbortMultipartUpload'];
  const statement = { Effect: 'Allow', Action: actions, Resource: ['arn:aws:s3:::bucket/in/*'] };
  const sts = new STSClient({
    endpoint,
    region,
    credentials: { accessKeyId: accessKey, secretAccessKey: secretKey },
  });
  const { Credentials } = await sts.send(
    new AssumeRoleCommand({
      RoleArn: 'arn:aws:iam::123456789012:role/any',
      RoleSessionName: 'writeback',
      DurationSeconds: 900,
      Policy: JSON.stringify({ Version: '2012-10-17', Statement: [statement] }),
    }),
  );
  sts.destroy();
  const credentials = {
    accessKey: Credentials?.AccessKeyId,
    secretKey: Credentials?.SecretAccessKey,
    sessionToken: Credentials?.SessionToken,
  };
  await put(server, 'in/small.csv', noise(10), { credentials });
  await put(server, 'in/large.csv', noise(20 * MiB), { credentials });
  assert.ok((await steps(server, { credentials })).every(({ ok }) => ok));
  await assert.rejects(put(server, 'out/a.csv', noise(10), { credentials }), {
    code: 's3-unload-access-denied',
  });
});
