import {
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
  createServer,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type S3Role, assumeRole, assumedRoleXml } from './s3-assume-role.ts';
import { readBody, statedHash } from './s3-body.ts';
import { type S3Fault, createFaults } from './s3-fault.ts';
import type { S3Bucket, S3Object, S3Upload } from './s3-objects.ts';
import { type S3Answer, type S3State, operationOf, operations } from './s3-operations.ts';
import { S3Refusal, refusalXml } from './s3-refusal.ts';
import type { S3Server } from './s3-server.ts';
import { type S3Key, isAllowed, verifySignature } from './s3-signature.ts';

/** How the stand-in is started; all but the defaults of a small, strict S3. */
export interface S3Options {
  readonly region?: string;
  readonly buckets?: readonly string[];
  /** Keys besides the one that may do everything. */
  readonly keys?: readonly S3Key[];
  readonly roles?: readonly S3Role[];
  /** Bytes that fit; then 507. */
  readonly quota?: number;
  readonly kmsKeys?: readonly string[];
  readonly kmsDecrypt?: boolean;
  /** Refuse parts of unequal length, as Cloudflare R2 does. */
  readonly uniformParts?: boolean;
  /** Verify bytes but do not keep them: for measuring. */
  readonly discard?: boolean;
  /** How far the clock of the stand-in is ahead. */
  readonly clockAheadMs?: number;
  readonly tls?: { readonly key: string; readonly cert: string };
}

/** An S3 in this process: signatures, checksums and rights are verified as Amazon does. */
export interface S3StandIn extends S3Server {
  /** Objects of the first bucket by key. */
  objects(): ReadonlyMap<string, S3Object>;
  /** Uploads of the first bucket that are not completed. */
  uploads(): readonly S3Upload[];
  /** Names of the operations that came, in order. */
  readonly requests: string[];
  /** The headers that UploadPart came with, in order. */
  readonly partHeaders: IncomingHttpHeaders[];
  fault(fault: S3Fault): void;
  clearFaults(): void;
}

const root: S3Key = { accessKey: 'AKTESTTESTTEST000001', secretKey: 'sktestsktestsktest' };

interface Running {
  readonly options: S3Options;
  readonly region: string;
  readonly state: S3State;
  readonly keys: Map<string, S3Key>;
  readonly faults: ReturnType<typeof createFaults>;
  readonly requests: string[];
  readonly partHeaders: IncomingHttpHeaders[];
}

function answer(
  response: ServerResponse,
  { status = 200, headers = {}, body = '' }: S3Answer,
  head: boolean,
): void {
  const bytes = Buffer.from(body as Buffer);
  const type = typeof body === 'string' && body !== '' ? { 'content-type': 'application/xml' } : {};
  const length = status === 204 ? {} : { 'content-length': String(bytes.length) };
  response.writeHead(status, { server: 'AmazonS3', ...type, ...length, ...headers });
  response.end(head ? undefined : bytes);
}

function parse(request: IncomingMessage) {
  const url = new URL(request.url ?? '/', `http://${request.headers.host ?? 'localhost'}`);
  const [, bucketName = '', ...rest] = url.pathname.split('/');
  return { url, bucketName: decodeURIComponent(bucketName), key: decodeURIComponent(rest.join('/')) };
}

async function handleSts(running: Running, request: IncomingMessage, url: URL): Promise<S3Answer> {
  const body = await readBody(request, { secure: false, discard: false, onBytes: () => {} });
  const expected = { region: running.region, service: 'sts', payloadHash: body.sha256, now: nowOf(running) };
  verifySignature(request, url, expected, (accessKey) => running.keys.get(accessKey));
  const key = assumeRole(new URLSearchParams(body.bytes.toString()), running.options.roles ?? []);
  running.keys.set(key.accessKey, key);
  return { body: assumedRoleXml(key) };
}

/** Epoch milliseconds by the stand-in's clock. */
function nowOf({ options: { clockAheadMs = 0 } }: Running): number {
  return Date.now() + clockAheadMs;
}

function bucketOf({ state }: Running, name: string): S3Bucket {
  const bucket = state.buckets.get(name);
  if (!bucket)
    throw new S3Refusal(404, 'NoSuchBucket', 'The specified bucket does not exist', { BucketName: name });
  return bucket;
}

/** Rights come first, so that a key which may do little cannot learn which buckets exist. */
async function handleS3(
  running: Running,
  request: IncomingMessage,
  fault: S3Fault | undefined,
): Promise<S3Answer> {
  const { url, bucketName, key } = parse(request);
  const name = operationOf(request.method ?? '', key, url.searchParams);
  const payloadHash = statedHash(request);
  if (payloadHash === undefined && request.headers.authorization !== undefined) {
    throw new S3Refusal(
      400,
      'InvalidRequest',
      'Missing required header for this request: x-amz-content-sha256',
    );
  }
  const expected = {
    region: running.region,
    service: 's3',
    payloadHash: payloadHash ?? '',
    now: nowOf(running),
  };
  const signer = verifySignature(request, url, expected, (accessKey) => running.keys.get(accessKey));
  const operation = operations[name];
  if (!operation)
    throw new S3Refusal(
      501,
      'NotImplemented',
      'A header or query you provided implies functionality that is not implemented.',
    );
  if (!isAllowed(signer, operation.action, key === '' ? bucketName : `${bucketName}/${key}`)) {
    throw new S3Refusal(403, 'AccessDenied', 'Access Denied.');
  }
  const bucket = bucketOf(running, bucketName);
  if (Buffer.byteLength(key) > 1024) throw new S3Refusal(400, 'KeyTooLongError', 'Your key is too long');
  const discard = running.options.discard === true && /^(PutObject|UploadPart)$/.test(name);
  const onBytes = () => {
    if (fault?.kind === 'cut') request.destroy();
  };
  const body = await readBody(request, { secure: running.options.tls !== undefined, discard, onBytes });
  return operation.run(running.state, bucket, {
    bucketName,
    key,
    query: url.searchParams,
    headers: request.headers,
    body,
  });
}

async function serve(running: Running, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { url, key, bucketName } = parse(request);
  const sts = request.method === 'POST' && bucketName === '';
  const name = sts ? 'AssumeRole' : operationOf(request.method ?? '', key, url.searchParams);
  running.requests.push(name);
  if (name === 'UploadPart') running.partHeaders.push(request.headers);
  response.setHeader('date', new Date(nowOf(running)).toUTCString());
  const fault = running.faults.next(name);
  const head = request.method === 'HEAD';
  try {
    if (fault?.kind === 'stall') return;
    if (fault?.kind === 'refuse')
      throw new S3Refusal(fault.status ?? 503, fault.code ?? 'SlowDown', 'Please reduce your request rate.');
    const done = sts ? await handleSts(running, request, url) : await handleS3(running, request, fault);
    if (fault?.kind === 'lose') return void response.destroy();
    if (fault?.kind === 'refuseIn200') {
      const refusal = new S3Refusal(
        200,
        fault.code ?? 'InternalError',
        'We encountered an internal error. Please try again.',
      );
      return answer(response, { body: refusalXml(refusal, false) }, false);
    }
    answer(response, done, head);
  } catch (error) {
    if (request.destroyed && !request.complete) return void response.destroy();
    const refusal = error instanceof S3Refusal ? error : new S3Refusal(500, 'InternalError', String(error));
    // The rest of a refused body is read away, so that the client sees the answer and not a reset.
    request.resume();
    const region: Record<string, string> = refusal.extra['Region']
      ? { 'x-amz-bucket-region': refusal.extra['Region'] }
      : {};
    answer(
      response,
      { status: refusal.status, headers: region, body: head ? '' : refusalXml(refusal, sts) },
      head,
    );
  }
}

/** Starts an S3 on a free port of 127.0.0.1. */
export async function startS3(options: S3Options = {}): Promise<S3StandIn> {
  const {
    region = 'eu-west-1',
    buckets = ['bucket'],
    keys = [],
    quota = Infinity,
    kmsKeys = [],
    kmsDecrypt = true,
  } = options;
  const state: S3State = {
    buckets: new Map(buckets.map((name) => [name, { objects: new Map(), uploads: new Map() }])),
    quota,
    kmsKeys,
    kmsDecrypt,
    uniformParts: options.uniformParts ?? false,
  };
  const allKeys = new Map([root, ...keys].map((key) => [key.accessKey, key]));
  const running: Running = {
    options,
    region,
    state,
    keys: allKeys,
    faults: createFaults(),
    requests: [],
    partHeaders: [],
  };
  const listener: RequestListener = (request, response) => void serve(running, request, response);
  const server = options.tls ? createTlsServer(options.tls, listener) : createServer(listener);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  const [bucket = ''] = buckets;
  return {
    endpoint: `${options.tls ? 'https' : 'http'}://127.0.0.1:${port}`,
    host: '127.0.0.1',
    port,
    region,
    bucket,
    ...root,
    objects: () => bucketOf(running, bucket).objects,
    uploads: () => [...bucketOf(running, bucket).uploads.values()],
    requests: running.requests,
    partHeaders: running.partHeaders,
    fault: running.faults.add,
    clearFaults: running.faults.clear,
    async stop() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}
