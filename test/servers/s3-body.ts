import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { crc32 } from 'node:zlib';
import { S3Refusal } from './s3-refusal.ts';

/** A request's body, with what was verified of it. */
export interface S3Body {
  /** Nothing when bytes are discarded. */
  readonly bytes: Buffer;
  readonly length: number;
  readonly md5: string;
  /** As `x-amz-checksum-crc32` stated it and the bytes proved it. */
  readonly crc32: string | undefined;
}

/** CRC-32 of some bytes in base64, big-endian. */
export function crc32Base64(sum: number): string {
  const four = Buffer.alloc(4);
  four.writeUInt32BE(sum);
  return four.toString('base64');
}

function checkPayloadHash(stated: string, secure: boolean, sha256: string): void {
  if (stated === 'UNSIGNED-PAYLOAD') {
    if (secure) return;
    throw new S3Refusal(400, 'InvalidRequest', 'UNSIGNED-PAYLOAD is accepted over TLS only.');
  }
  if (stated !== sha256) {
    throw new S3Refusal(
      400,
      'XAmzContentSHA256Mismatch',
      'The provided x-amz-content-sha256 header does not match what was computed.',
    );
  }
}

/** Streams in chunk frames with trailers are what weak stores refuse too, and our client never sends them. */
function refuseFrames(request: IncomingMessage, stated: string): void {
  if (stated.startsWith('STREAMING-'))
    throw new S3Refusal(501, 'NotImplemented', 'Framed payloads are not supported.');
  if (request.method === 'PUT' && request.headers['content-length'] === undefined) {
    throw new S3Refusal(411, 'MissingContentLength', 'You must provide the Content-Length HTTP header.');
  }
}

/** The hash of the payload that the signature covers; STS does not send the header and signs the real one. */
export function statedHash(request: IncomingMessage): string | undefined {
  const stated = request.headers['x-amz-content-sha256'];
  return typeof stated === 'string' ? stated : undefined;
}

/** Reads the body and verifies whatever the request states of it. `onBytes` may cut the connection by throwing. */
export async function readBody(
  request: IncomingMessage,
  options: { readonly secure: boolean; readonly discard: boolean; onBytes(total: number): void },
): Promise<S3Body & { readonly sha256: string }> {
  const stated = statedHash(request) ?? '';
  refuseFrames(request, stated);
  const hashes = { sha256: createHash('sha256'), md5: createHash('md5') };
  const chunks: Buffer[] = [];
  const needsSha = stated !== 'UNSIGNED-PAYLOAD';
  let length = 0;
  let sum = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    options.onBytes(length);
    sum = crc32(chunk, sum);
    if (needsSha) hashes.sha256.update(chunk);
    if (!options.discard) hashes.md5.update(chunk);
    if (!options.discard) chunks.push(chunk);
  }
  const sha256 = hashes.sha256.digest('hex');
  if (stated !== '') checkPayloadHash(stated, options.secure, sha256);
  const bytes = Buffer.concat(chunks);
  const claimed = request.headers['x-amz-checksum-crc32'];
  if (claimed !== undefined && claimed !== crc32Base64(sum)) {
    throw new S3Refusal(400, 'BadDigest', 'The CRC32 you specified did not match the calculated checksum.');
  }
  const md5 = hashes.md5.digest();
  const claimedMd5 = request.headers['content-md5'];
  if (claimedMd5 !== undefined && claimedMd5 !== md5.toString('base64')) {
    throw new S3Refusal(400, 'BadDigest', 'The Content-MD5 you specified did not match what we received.');
  }
  return {
    bytes,
    length,
    md5: md5.toString('hex'),
    sha256,
    crc32: typeof claimed === 'string' ? claimed : undefined,
  };
}
