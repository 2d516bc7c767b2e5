import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { S3Server } from './s3-server.ts';

const key = { accessKey: 'AKTESTTESTTEST000001', secretKey: 'sktestsktestsktest' };
const region = 'eu-west-1';

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address ? address.port : 0;
}

/** Where the install script puts it, or undefined. */
async function binary(): Promise<string | undefined> {
  const folder = process.env['WRITEBACK_TEST_BIN'] ?? join(homedir(), '.cache/writeback-test/bin');
  const path = join(folder, 'minio');
  return access(path).then(
    () => path,
    () => undefined,
  );
}

function environment(): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'],
    HOME: tmpdir(),
    MINIO_ROOT_USER: key.accessKey,
    MINIO_ROOT_PASSWORD: key.secretKey,
    // Without it a wrong region is not refused.
    MINIO_SITE_REGION: region,
    MINIO_BROWSER: 'off',
    MINIO_UPDATE: 'off',
    // Without a key of its own it refuses every encryption.
    MINIO_KMS_SECRET_KEY: `k1:${Buffer.from('0123456789abcdef0123456789abcdef').toString('base64')}`,
  };
}

async function untilReady(endpoint: string, gone: () => boolean): Promise<void> {
  for (let tries = 0; tries < 400 && !gone(); tries += 1) {
    const ready = await fetch(`${endpoint}/minio/health/ready`).then(
      (response) => response.ok,
      () => false,
    );
    if (ready) return;
    await sleep(50);
  }
  throw new Error('MinIO did not become ready.');
}

async function makeBucket(endpoint: string, bucket: string): Promise<void> {
  const { S3 } = await import('@aws-sdk/client-s3');
  const credentials = { accessKeyId: key.accessKey, secretAccessKey: key.secretKey };
  const s3 = new S3({ endpoint, region, forcePathStyle: true, credentials });
  await s3.createBucket({ Bucket: bucket });
  s3.destroy();
}

/** Starts MinIO on a free port with an empty bucket; undefined when it is not installed (`install/minio.sh`). */
export async function startMinio(): Promise<S3Server | undefined> {
  const path = await binary();
  if (path === undefined) return undefined;
  const dir = await mkdtemp(join(tmpdir(), 'writeback-minio-'));
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const args = ['server', '--quiet', '--address', `127.0.0.1:${port}`, join(dir, 'data')];
  const child = spawn(path, args, { env: environment(), stdio: 'ignore' });
  const stop = async () => {
    if (child.exitCode === null && child.kill('SIGKILL')) await once(child, 'exit');
    await rm(dir, { recursive: true, force: true });
  };
  try {
    await untilReady(endpoint, () => child.exitCode !== null);
    await makeBucket(endpoint, 'bucket');
  } catch (error) {
    await stop();
    throw error;
  }
  return { endpoint, host: '127.0.0.1', port, region, bucket: 'bucket', ...key, stop };
}
