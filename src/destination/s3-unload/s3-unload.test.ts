import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { missing, s3Kinds } from '../../../test/servers/s3-servers.ts';
import type { S3Server } from '../../../test/servers/s3-server.ts';
import { readerOf } from '../../../test/servers/s3-target.ts';
import { expected, noise, putBy, steps, trialJob, ways } from '../../../test/servers/s3-trial.ts';
import type { FileConnector } from '../../connector/contract.ts';

const MiB = 1024 * 1024;

async function read(server: S3Server, Key: string) {
  const s3 = readerOf(server);
  try {
    const { Body, Metadata = {}, ServerSideEncryption } = await s3.getObject({ Bucket: server.bucket, Key });
    return { bytes: Buffer.from((await Body?.transformToByteArray()) ?? []), Metadata, ServerSideEncryption };
  } finally {
    s3.destroy();
  }
}

async function openUploads(server: S3Server, key: string): Promise<number> {
  const s3 = readerOf(server);
  const { Uploads = [] } = await s3.listMultipartUploads({ Bucket: server.bucket, Prefix: key });
  s3.destroy();
  return Uploads.length;
}

function suite(server: S3Server, connector: FileConnector): void {
  const put = putBy(connector);
  test('a small file is one object with run, rows and checksum in its metadata', async () => {
    const [file] = await put(server, 'in/small.csv', noise(1000), { credentials: { checksums: 'crc32' } });
    assert.equal(file?.location, `s3://${server.bucket}/in/small.csv`);
    const { bytes, Metadata } = await read(server, 'in/small.csv');
    assert.deepEqual(bytes, expected(1000));
    assert.equal(Metadata['writeback-run'], 'run-1');
    assert.equal(Metadata['writeback-rows'], '7');
    assert.equal(Metadata['writeback-crc32'], '00c0ffee');
  });

  test('an empty file is still an object', async () => {
    await put(server, 'in/empty.csv', noise(0));
    assert.equal((await read(server, 'in/empty.csv')).bytes.length, 0);
  });

  for (const checksums of ['crc32', 'none']) {
    test(`a file of several parts arrives byte by byte, checksums ${checksums}`, async () => {
      const size = 37 * MiB + 11;
      await put(server, 'in/large.csv', noise(size), { credentials: { checksums } });
      const { bytes, Metadata } = await read(server, 'in/large.csv');
      assert.ok(bytes.equals(expected(size)));
      assert.equal(Metadata['writeback-run'], 'run-1');
      assert.equal(await openUploads(server, 'in/large.csv'), 0);
    });
  }

  test('a file that ends exactly on the border of a part is one request, and two parts make two', async () => {
    for (const size of [16 * MiB, 32 * MiB]) {
      await put(server, 'in/border.csv', noise(size));
      assert.ok((await read(server, 'in/border.csv')).bytes.equals(expected(size)));
    }
  });

  test('the same run again replaces the object and leaves nothing', async () => {
    await put(server, 'in/again.csv', noise(17 * MiB));
    await put(server, 'in/again.csv', noise(17 * MiB));
    assert.ok((await read(server, 'in/again.csv')).bytes.equals(expected(17 * MiB)));
    assert.equal(await openUploads(server, 'in/again.csv'), 0);
  });

  test('an upload that a killed attempt left is removed by the next run of the same key', async () => {
    const s3 = readerOf(server);
    await s3.createMultipartUpload({ Bucket: server.bucket, Key: 'in/orphan.csv' });
    s3.destroy();
    assert.equal(await openUploads(server, 'in/orphan.csv'), 1);
    await put(server, 'in/orphan.csv', noise(10));
    assert.equal(await openUploads(server, 'in/orphan.csv'), 0);
  });

  test('encryption and keys with odd characters are kept', async () => {
    const key = 'in/ü + (1) & name=x.csv';
    await put(server, key, noise(10), { details: { serverSideEncryption: 'AES256' } });
    const { bytes, ServerSideEncryption } = await read(server, key);
    assert.deepEqual(bytes, expected(10));
    assert.equal(ServerSideEncryption, 'AES256');
  });

  test('an unchanged DataSet is known by its object, a changed one or other details are not', async () => {
    const details = { skipWhenUnchanged: true };
    await put(server, 'in/state.csv', noise(10), { details });
    const current = (options: object) =>
      connector.isCurrent?.(trialJob(server, { details, ...options }), 'in/state.csv');
    assert.equal(await current({}), true);
    assert.equal(await current({ updatedAt: '2026-02-02T00:00:00Z' }), false);
    assert.equal(await current({ details: { ...details, delimiter: ';' } }), false);
    assert.equal(await connector.isCurrent?.(trialJob(server, { details }), 'in/none.csv'), false);
  });

  test('an error of the source midway leaves the old object and no upload', async () => {
    await put(server, 'in/old.csv', noise(100));
    async function* broken() {
      yield* noise(40 * MiB);
      throw new Error('the source broke');
    }
    await assert.rejects(put(server, 'in/old.csv', broken()), { message: 'the source broke' });
    assert.deepEqual((await read(server, 'in/old.csv')).bytes, expected(100));
    assert.equal(await openUploads(server, 'in/old.csv'), 0);
  });

  test(
    'an abort midway ends a hanging source, publishes nothing and leaves no upload',
    { timeout: 600_000 },
    async () => {
      const stop = new AbortController();
      async function* hanging() {
        yield* noise(40 * MiB);
        setTimeout(() => stop.abort(new Error('cancelled')), 50);
        // Who waits for it waits for ever.
        await new Promise<void>(() => {});
      }
      await assert.rejects(put(server, 'in/abort.csv', hanging(), { signal: stop.signal }), {
        message: 'cancelled',
      });
      await assert.rejects(read(server, 'in/abort.csv'), { name: 'NoSuchKey' });
      assert.equal(await openUploads(server, 'in/abort.csv'), 0);
    },
  );

  const refusals = [
    [{ secretKey: 'wrong-secret-key' }, 's3-unload-login-refused', 'secretKey'],
    [{ accessKey: 'AKUNKNOWN00000000001' }, 's3-unload-login-refused', 'accessKey'],
    [{ region: 'us-west-2' }, 's3-unload-wrong-region', 'region'],
    [{ bucket: 'no-such-bucket' }, 's3-unload-no-such-bucket', 'bucket'],
    [{ sessionToken: 'foreign' }, 's3-unload-login-refused', 'sessionToken'],
  ] as const;
  for (const [credentials, code, field] of refusals) {
    test(`wrong ${Object.keys(credentials).join()} is told with its field, in a run and in a connection test`, async () => {
      await assert.rejects(put(server, 'in/x.csv', noise(10), { credentials }), {
        name: 'UserError',
        code,
        field,
      });
      const last = (await steps(server, { credentials })).at(-1);
      assert.equal(last?.ok, false);
      assert.ok(last?.remedy);
    });
  }

  test('a connection test goes through and leaves nothing', async () => {
    const seen = await steps(server);
    assert.deepEqual(
      seen.map(({ name, ok }) => [name, ok]),
      [
        ['resolve', true],
        ['connect', true],
        ...(server.caFile === undefined ? [] : [['certificate', true]]),
        ['sign in', true],
        ['permission', true],
        ['write probe', true],
        ['clean up', true],
      ],
    );
    assert.equal(await openUploads(server, 'in/.writeback-connection-test'), 0);
  });

  test('the aws command reads the same bytes', async (context) => {
    const dir = await mkdtemp(join(tmpdir(), 'writeback-aws-'));
    context.after(() => rm(dir, { recursive: true, force: true }));
    await put(server, 'in/aws.csv', noise(17 * MiB), { credentials: { checksums: 'crc32' } });
    const env = {
      ...process.env,
      AWS_ACCESS_KEY_ID: server.accessKey,
      AWS_SECRET_ACCESS_KEY: server.secretKey,
      AWS_REGION: server.region,
      AWS_DEFAULT_REGION: server.region,
      AWS_EC2_METADATA_DISABLED: 'true',
      ...(server.caFile === undefined ? {} : { AWS_CA_BUNDLE: server.caFile }),
    };
    // Not AWS_ENDPOINT_URL: Debian 12's aws, 2.9, does not know it yet.
    const where = ['--endpoint-url', server.endpoint];
    const args = [...where, 's3', 'cp', '--quiet', `s3://${server.bucket}/in/aws.csv`, join(dir, 'got.csv')];
    const installed = await promisify(execFile)('aws', ['--version']).then(
      () => true,
      () => false,
    );
    if (!installed) return missing('the aws command');
    await promisify(execFile)('aws', args, { env });
    assert.ok((await readFile(join(dir, 'got.csv'))).equals(expected(17 * MiB)));
  });
}

for (const kind of s3Kinds()) {
  const server = await kind.start();
  if (!server) {
    missing(kind.name);
    continue;
  }
  after(() => server.stop());
  for (const { title, connector } of ways)
    describe(`s3-unload on ${kind.name}, ${title}`, () => suite(server, connector));
}
