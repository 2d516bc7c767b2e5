import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SignatureV4 } from '@smithy/signature-v4';
import { sharedMemory } from '../../dataset/shared-memory.ts';
import { nodeHttp } from '../../egress/node-http.ts';
import { type PayloadHasher, createPayloadHasher } from './payload-hash.ts';
import type { Outgoing, PartTransport } from './part-transport.ts';
import { sdkParts } from './sdk-parts.ts';
import { type OpenStore, socketTimeout } from './store.ts';

/** Bytes that are given to a connection at once. */
const sliceBytes = 1024 * 1024;

/** Milliseconds that a store that is busy is left alone at most, as the SDK does after SlowDown. */
const busyPause = 500;

/** The signer takes the SDK's keys (roles are assumed anew by it), its region and what it knows of the store's clock. */
async function signerOf({ s3 }: OpenStore): Promise<SignatureV4> {
  const { SignatureV4: Signer } = await import('@smithy/signature-v4');
  const { credentials, region, sha256 } = s3.config;
  return new Signer({
    service: 's3',
    credentials,
    region,
    sha256,
    uriEscapePath: false,
    applyChecksum: false,
  });
}

/** As a signature wants it: `encodeURIComponent` leaves a few characters that RFC 3986 does not. */
function escaped(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (odd) => `%${odd.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** What requests are made with. */
interface Tools {
  readonly store: OpenStore;
  readonly signer: SignatureV4;
  readonly hasher: PayloadHasher;
}

/** The signed request for a part. It goes where the SDK sent the upload's beginning, whatever rules made that address. */
async function signedRequest(
  { store, signer, hasher }: Tools,
  { upload, part, crc32 }: Outgoing,
): Promise<RequestOptions> {
  const { protocol, hostname, port, path } = upload.address;
  const secure = protocol === 'https:';
  const query = { partNumber: String(part.number), uploadId: upload.id };
  const headers = {
    host: port === undefined ? hostname : `${hostname}:${port}`,
    'content-length': String(part.bytes.length),
    // Only TLS proves by itself that the bytes arrive as they were sent; on a plain connection their hash is signed.
    'x-amz-content-sha256': secure ? 'UNSIGNED-PAYLOAD' : await hasher.hash(part.bytes),
    ...(crc32 === undefined ? {} : { 'x-amz-checksum-crc32': crc32 }),
  };
  const signingDate = new Date(Date.now() + store.s3.config.systemClockOffset);
  const request = { method: 'PUT', protocol, hostname, path, query, headers };
  return {
    protocol,
    hostname: hostname.replace(/^\[|\]$/g, ''),
    port,
    method: 'PUT',
    path: `${path}?partNumber=${part.number}&uploadId=${escaped(upload.id)}`,
    headers: (await signer.sign(request, { signingDate })).headers,
    agent: secure ? store.agents.https : store.agents.http,
  };
}

/** Writes a body and ends it. TLS would encrypt all that it is given at once, into memory of its own and without a pause. */
function writeSlices(sending: ClientRequest, body: Buffer): void {
  const next = (from: number) => {
    if (from >= body.length) sending.end();
    else sending.write(body.subarray(from, from + sliceBytes), (error) => error || next(from + sliceBytes));
  };
  next(0);
}

/** Sends a request with its body; the answer's own body is read away, so that the connection is used again. */
function exchange(options: RequestOptions, body: Buffer, signal: AbortSignal): Promise<IncomingMessage> {
  const open = options.protocol === 'https:' ? httpsRequest : nodeHttp.request;
  return new Promise((done, fail) => {
    const sending = open(options, (response) => {
      // A store may refuse before it has read all: the rest of the body is then not sent.
      if (response.statusCode !== 200) response.once('end', () => sending.destroy());
      response
        .on('error', fail)
        .on('end', () => done(response))
        .resume();
    });
    // A request that still waits for its connection would tell of its end only when that wait ends.
    const stop = () => {
      fail(signal.reason);
      sending.destroy();
    };
    signal.addEventListener('abort', stop);
    sending.on('close', () => signal.removeEventListener('abort', stop));
    sending.setTimeout(socketTimeout, () => sending.destroy(new Error('The store was silent for too long.')));
    sending.on('error', fail);
    writeSlices(sending, body);
  });
}

/**
 * Parts over connections of our own: signed by the SDK's signer, without what the SDK does to a body on its way.
 * A part that does not get through at once is the SDK's, with its attempts and its errors, so that nothing of
 * those is made twice; and so is every further one, once the store took a part from the SDK that it refused us.
 */
export const signedParts: PartTransport = (store) => {
  const { sendPart: bySdk, partMemory: ownMemory } = sdkParts(store);
  const hasher = createPayloadHasher();
  let signing: Promise<SignatureV4> | undefined;
  let refused = false;
  const attempt = async (outgoing: Outgoing) => {
    signing ??= signerOf(store);
    const request = await signedRequest({ store, signer: await signing, hasher }, outgoing);
    outgoing.signal.throwIfAborted();
    const { statusCode = 0, headers } = await exchange(request, outgoing.part.bytes, outgoing.signal);
    return { status: statusCode, etag: headers.etag };
  };
  const sendPart = async (outgoing: Outgoing) => {
    if (refused) return bySdk(outgoing);
    const { status, etag } = await attempt(outgoing).catch(() => ({ status: 0, etag: undefined }));
    outgoing.signal.throwIfAborted();
    if (status === 200) return etag;
    if (status >= 500 || status === 429) {
      await sleep(Math.random() * busyPause, undefined, { signal: outgoing.signal });
    }
    const acknowledged = await bySdk(outgoing);
    refused ||= status >= 400 && status < 500 && status !== 429;
    return acknowledged;
  };
  const partMemory = store.secure ? ownMemory : sharedMemory;
  return { sendPart, partMemory, close: () => hasher.close() };
};
