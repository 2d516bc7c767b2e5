import { TemporaryError } from '../../errors.ts';
import { base64Crc32 } from './base64-crc32.ts';
import { type Address, type Finished, type Uploaded, completeUpload } from './complete-upload.ts';
import type { Part } from './gather-parts.ts';
import type { ObjectHeaders } from './object-headers.ts';
import { partsInFlight } from './part-sizes.ts';
import type { Store } from './store.ts';

/** What a multipart upload makes. */
export interface Target {
  readonly key: string;
  readonly headers: ObjectHeaders;
  warn(sentence: string): void;
}

/**
 * Milliseconds for taking an upload away; the run's own signal may have ended already, so this needs one of its own.
 * Who cancels does not wait long for a dead network: what remains is removed by the next run of the same key.
 */
const abortTimeout = { failed: 10_000, cancelled: 3_000 };

/** For the person whose key may not abort. */
export const lifecycleAdvice =
  'Allow s3:AbortMultipartUpload, or give the bucket a lifecycle rule that aborts incomplete multipart uploads.';

/** Declares CRC-32 at creation *and* later sends it with each part and at the end, or does neither: all else is refused by some store. */
async function createUpload(
  store: Store,
  { key, headers }: Target,
): Promise<{ id: string; address: Address }> {
  const { CreateMultipartUploadCommand } = await import('@aws-sdk/client-s3');
  const checksum = store.crc32 ? { ChecksumAlgorithm: 'CRC32' as const } : {};
  const command = new CreateMultipartUploadCommand({
    Bucket: store.bucket,
    Key: key,
    ...headers,
    ...checksum,
  });
  let address: Address | undefined;
  command.middlewareStack.add(
    (next) => (work) => {
      address = work.request as Address;
      return next(work);
    },
    { step: 'build' },
  );
  const { UploadId } = await store.s3.send(command, { abortSignal: store.signal });
  if (UploadId !== undefined && address) return { id: UploadId, address };
  throw new TemporaryError('s3-unload-unavailable', 'The store began an upload without giving it an id.');
}

/** Takes an upload away with all its parts. False when that is not allowed; it then stays until a lifecycle rule takes it. */
export async function abortUpload(store: Store, key: string, UploadId: string): Promise<boolean> {
  try {
    const abortSignal = AbortSignal.timeout(
      store.signal.aborted ? abortTimeout.cancelled : abortTimeout.failed,
    );
    await store.s3.abortMultipartUpload({ Bucket: store.bucket, Key: key, UploadId }, { abortSignal });
    return true;
  } catch (error) {
    return (error as { name?: string }).name === 'NoSuchUpload';
  }
}

async function sendPart(store: Store, upload: Finished, part: Part, signal: AbortSignal): Promise<Uploaded> {
  const sum = store.crc32 ? base64Crc32(part.crc32) : undefined;
  const ETag = await store.sendPart({ upload, part, crc32: sum, signal });
  part.release();
  return { ETag, PartNumber: part.number, ...(sum === undefined ? {} : { ChecksumCRC32: sum }) };
}

/** Sends parts, a few at once; ends at the first that fails, when none is on its way any more. */
async function sendAll(
  store: Store,
  upload: Finished,
  first: Part,
  rest: AsyncIterable<Part>,
): Promise<void> {
  const failed = new AbortController();
  const end = AbortSignal.any([store.signal, failed.signal]);
  const running = new Set<Promise<void>>();
  const sendAndNote = async (part: Part) => {
    upload.parts.push(await sendPart(store, upload, part, end));
  };
  const send = (part: Part) => {
    const sending: Promise<void> = sendAndNote(part).finally(() => running.delete(sending));
    // Awaited below; this only keeps a part that fails while another is awaited from being "unhandled".
    sending.catch((error: unknown) => failed.abort(error));
    running.add(sending);
    upload.bytes += part.bytes.length;
  };
  try {
    send(first);
    for await (const part of rest) {
      while (running.size >= partsInFlight(part.bytes.length)) await Promise.race(running);
      failed.signal.throwIfAborted();
      send(part);
    }
    await Promise.all(running);
    failed.signal.throwIfAborted();
  } catch (error) {
    failed.abort(error);
    throw failed.signal.reason;
  } finally {
    await Promise.allSettled(running);
  }
}

async function takeAway(store: Store, target: Target, { id }: Finished): Promise<void> {
  const gone = await abortUpload(store, target.key, id);
  if (!gone) target.warn(`An incomplete upload of ${target.key} remains in the bucket. ${lifecycleAdvice}`);
}

/**
 * Uploads parts, and leaves it to `completeUpload` to publish them as one object. On every failing path the upload is aborted,
 * after the parts on their way have ended: a part that arrives after the abort would otherwise stay.
 */
export async function sendUpload(
  store: Store,
  target: Target,
  first: Part,
  rest: AsyncIterable<Part>,
): Promise<Finished> {
  const attempt = target.headers.Metadata['writeback-attempt'] ?? '';
  const upload: Finished = {
    ...(await createUpload(store, target)),
    key: target.key,
    attempt,
    bytes: 0,
    parts: [],
  };
  try {
    await sendAll(store, upload, first, rest);
    return upload;
  } catch (error) {
    await takeAway(store, target, upload);
    throw error;
  }
}

/** Uploads parts and publishes them as one object, or leaves nothing. */
export async function uploadParts(
  store: Store,
  target: Target,
  first: Part,
  rest: AsyncIterable<Part>,
): Promise<void> {
  const upload = await sendUpload(store, target, first, rest);
  try {
    await completeUpload(store, upload);
  } catch (error) {
    await takeAway(store, target, upload);
    throw error;
  }
}
