import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { type TestContext, describe, test } from 'node:test';
import { startS3OverTls } from '../../../test/servers/s3-servers.ts';
import { type S3Options, type S3StandIn, startS3 } from '../../../test/servers/s3-stand-in.ts';
import { expected, fileOf, noise, put, steps, trialJob } from '../../../test/servers/s3-trial.ts';
import { makeTls } from '../../../test/servers/tls.ts';
import type { FileConnector } from '../../connector/contract.ts';
import { s3UnloadConnector } from './s3-unload.ts';

const MiB = 1024 * 1024;
const large = 70 * MiB + 7;
const partBytes = 16 * MiB;

async function started(context: TestContext, server: Promise<S3StandIn>): Promise<S3StandIn> {
  context.after(async () => (await server).stop());
  return server;
}

const standIn = (context: TestContext, options: S3Options = {}) => started(context, startS3(options));

/** True of a part that the SDK sent. */
const bySdk = (headers: Record<string, unknown>) => 'amz-sdk-invocation-id' in headers;

describe('parts over connections of our own', () => {
  test('on a plain connection the SHA-256 of each part is signed, over TLS the part is not', async (context) => {
    const plain = await standIn(context);
    await put(plain, 'in/a.csv', noise(large));
    const first = createHash('sha256').update(expected(large).subarray(0, partBytes)).digest('hex');
    assert.ok(plain.partHeaders.some((headers) => headers['x-amz-content-sha256'] === first));
    const secure = await started(context, startS3OverTls());
    await put(secure, 'in/a.csv', noise(large));
    assert.equal(secure.partHeaders.length, 5);
    for (const headers of secure.partHeaders)
      assert.equal(headers['x-amz-content-sha256'], 'UNSIGNED-PAYLOAD');
    assert.equal([...plain.partHeaders, ...secure.partHeaders].filter(bySdk).length, 0);
  });

  test('a part that a busy store refuses is sent again, and the next ones are our own again', async (context) => {
    const server = await standIn(context);
    server.fault({ operation: 'UploadPart', kind: 'refuse', status: 503, code: 'SlowDown', times: 2 });
    await put(server, 'in/a.csv', noise(large));
    assert.ok(server.objects().get('in/a.csv')?.bytes.equals(expected(large)));
    // Which part comes last is a matter of luck: those that were refused wait a moment, the others do not.
    const sentBySdk = server.partHeaders.filter(bySdk).length;
    assert.ok(sentBySdk >= 1 && sentBySdk <= 2, `${sentBySdk} of ${server.partHeaders.length}`);
    assert.ok(server.partHeaders.length > sentBySdk + 2);
  });

  test('once the store took a part from the SDK that it refused us, the SDK sends the rest', async (context) => {
    const server = await standIn(context);
    server.fault({ operation: 'UploadPart', kind: 'refuse', status: 400, code: 'InvalidRequest', times: 1 });
    async function* files() {
      yield fileOf('in/a.csv', noise(large));
      server.partHeaders.length = 0;
      yield fileOf('in/b.csv', noise(large));
    }
    const connector = s3UnloadConnector as FileConnector;
    await connector.write({ ...trialJob(server), files: files() });
    for (const key of ['in/a.csv', 'in/b.csv'])
      assert.ok(server.objects().get(key)?.bytes.equals(expected(large)));
    assert.deepEqual(server.partHeaders.map(bySdk), [true, true, true, true, true]);
  });

  test('a store that refuses every part is told by its own name, and nothing is left', async (context) => {
    const server = await standIn(context);
    server.fault({ operation: 'UploadPart', kind: 'refuse', status: 403, code: 'AccessDenied' });
    await assert.rejects(put(server, 'in/a.csv', noise(large)), { code: 's3-unload-access-denied' });
    assert.equal(server.objects().size + server.uploads().length, 0);
  });

  test('a store whose clock is an hour ahead gets signatures of its own time', async (context) => {
    const server = await standIn(context, { clockAheadMs: 3_600_000 });
    await put(server, 'in/a.csv', noise(large));
    assert.ok(server.objects().get('in/a.csv')?.bytes.equals(expected(large)));
    assert.equal(server.partHeaders.filter(bySdk).length, 0);
  });

  test('a key with odd characters is signed as it is sent', async (context) => {
    const server = await standIn(context);
    const key = "in/ü + (1) & name='x'*!.csv";
    await put(server, key, noise(large));
    assert.ok(server.objects().get(key)?.bytes.equals(expected(large)));
    assert.equal(server.partHeaders.filter(bySdk).length, 0);
  });

  test('keys of an assumed role sign parts too', async (context) => {
    const arn = 'arn:aws:iam::123456789012:role/writer';
    const server = await standIn(context, { roles: [{ arn }] });
    await put(server, 'in/a.csv', noise(large), { credentials: { roleArn: arn } });
    assert.equal(server.partHeaders.filter(bySdk).length, 0);
    assert.ok(server.partHeaders.every((headers) => headers['x-amz-security-token'] !== undefined));
  });
});

test('a certificate of an unknown authority is refused, in a run and in a connection test', async (context) => {
  const server = await started(context, startS3OverTls());
  const stranger = await makeTls();
  context.after(() => stranger.stop());
  for (const caCertificate of [undefined, stranger.ca]) {
    const options = { credentials: { caCertificate } };
    const writing = put(server, 'in/a.csv', noise(10), options);
    await assert.rejects(writing, { name: 'UserError', code: 'certificate-refused' });
    const last = (await steps(server, options)).at(-1);
    assert.deepEqual([last?.name, last?.ok], ['certificate', false]);
  }
});
