import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { type TestContext, describe, test } from 'node:test';
import { type S3Options, startS3 } from '../../../test/servers/s3-stand-in.ts';
import { expected, noise, put as plainPut, putBy, steps, ways } from '../../../test/servers/s3-trial.ts';

const MiB = 1024 * 1024;
const large = 20 * MiB;
const crc32 = { credentials: { checksums: 'crc32' } };

async function standIn(context: TestContext, options: S3Options = {}) {
  const server = await startS3(options);
  context.after(() => server.stop());
  return server;
}

for (const { title, connector } of ways) describe(title, () => suite(putBy(connector)));

function suite(put: typeof plainPut): void {
  test('a full store is told as full, the old object stays and no upload is left', async (context) => {
    const server = await standIn(context, { quota: 18 * MiB });
    await put(server, 'in/a.csv', noise(100));
    await assert.rejects(put(server, 'in/a.csv', noise(large)), {
      name: 'UserError',
      code: 's3-unload-storage-full',
    });
    assert.equal(server.objects().get('in/a.csv')?.length, 100);
    assert.equal(server.uploads().length, 0);
  });

  test('a connection that is cut in every part ends as temporary, with nothing published and nothing left', async (context) => {
    const server = await standIn(context);
    server.fault({ operation: 'UploadPart', kind: 'cut' });
    await assert.rejects(put(server, 'in/a.csv', noise(large)), { name: 'TemporaryError' });
    assert.equal(server.objects().size + server.uploads().length, 0);
  });

  test('a connection that is cut once, and a store that is busy once, are got over', async (context) => {
    const server = await standIn(context);
    server.fault({ operation: 'UploadPart', kind: 'cut', times: 1 });
    server.fault({
      operation: 'CreateMultipartUpload',
      kind: 'refuse',
      status: 503,
      code: 'SlowDown',
      times: 1,
    });
    await put(server, 'in/a.csv', noise(large), crc32);
    assert.ok(server.objects().get('in/a.csv')?.bytes.equals(expected(large)));
  });

  test('a store that stays busy is temporary', async (context) => {
    const server = await standIn(context);
    server.fault({ operation: 'PutObject', kind: 'refuse', status: 503, code: 'SlowDown' });
    await assert.rejects(put(server, 'in/a.csv', noise(10)), {
      name: 'TemporaryError',
      code: 's3-unload-unavailable',
    });
  });

  test('a lost answer to the end of an upload is made out by looking at the object', async (context) => {
    const server = await standIn(context);
    server.fault({ operation: 'CompleteMultipartUpload', kind: 'lose', times: 1 });
    await put(server, 'in/a.csv', noise(large));
    assert.ok(server.objects().get('in/a.csv')?.bytes.equals(expected(large)));
    assert.equal(server.requests.at(-1), 'HeadObject');
  });

  test('where the object may not be looked at, a lost answer is told as an unknown end', async (context) => {
    const writer = { accessKey: 'AKWRITER000000000001', secretKey: 'writer-secret-key' };
    const allow = [{ actions: ['s3:PutObject'], resource: 'bucket/in/*' }];
    const server = await standIn(context, { keys: [{ ...writer, allow }] });
    server.fault({ operation: 'CompleteMultipartUpload', kind: 'lose', times: 1 });
    const writing = put(server, 'in/a.csv', noise(large), { credentials: writer });
    await assert.rejects(writing, { name: 'TemporaryError', code: 's3-unload-unknown-end' });
  });

  test('an error inside a 200 answer is not taken for success', async (context) => {
    const server = await standIn(context);
    server.fault({
      operation: 'CompleteMultipartUpload',
      kind: 'refuseIn200',
      code: 'InvalidPart',
      times: 3,
    });
    server.fault({ operation: 'HeadObject', kind: 'refuse', status: 404, code: 'NoSuchKey' });
    await assert.rejects(put(server, 'in/a.csv', noise(large)), { code: /^s3-unload-/ });
  });

  test('an abort while parts are on their way cleans up within a second', async (context) => {
    const server = await standIn(context);
    server.fault({ operation: 'UploadPart', kind: 'stall' });
    const stop = new AbortController();
    let abortedAt = 0;
    const writing = put(server, 'in/a.csv', noise(60 * MiB), { signal: stop.signal });
    const watch = setInterval(() => {
      if (!server.requests.includes('UploadPart') || abortedAt > 0) return;
      abortedAt = performance.now();
      stop.abort(new Error('cancelled'));
    }, 20);
    await assert.rejects(writing, { message: 'cancelled' });
    clearInterval(watch);
    assert.ok(performance.now() - abortedAt < 1_000);
    assert.equal(server.uploads().length, 0);
  });

  test('parts are of one length for stores that refuse others', async (context) => {
    const server = await standIn(context, { uniformParts: true });
    await put(server, 'in/a.csv', noise(50 * MiB));
    assert.equal(server.objects().get('in/a.csv')?.etag.split('-')[1], '4');
  });
}

test('storage class and content type are kept with the object', async (context) => {
  const server = await standIn(context);
  await plainPut(server, 'in/a.csv', noise(10), { details: { storageClass: 'GLACIER_IR' } });
  const headers = server.objects().get('in/a.csv')?.headers;
  assert.equal(headers?.['x-amz-storage-class'], 'GLACIER_IR');
  assert.equal(headers['content-type'], 'text/csv');
});

test('nobody at the address is temporary, and the connection test ends at "connect"', async (context) => {
  const server = await standIn(context);
  await server.stop();
  await assert.rejects(plainPut(server, 'in/a.csv', noise(10)), {
    name: 'TemporaryError',
    code: 'connection-refused',
  });
  assert.deepEqual(
    (await steps(server)).map(({ name, ok }) => [name, ok]),
    [
      ['resolve', true],
      ['connect', false],
    ],
  );
});

test('no error shows a secret, not even in its cause', async (context) => {
  const server = await standIn(context);
  const secrets = { secretKey: 'very-secret-key', sessionToken: 'very-secret-token' };
  for (const credentials of [{ secretKey: secrets.secretKey }, secrets]) {
    const error = await plainPut(server, 'in/a.csv', noise(10), { credentials }).catch(
      (refusal: unknown) => refusal,
    );
    assert.doesNotMatch(inspect(error, { depth: 10 }), /very-secret/);
  }
});
