import { TemporaryError } from '../../errors.ts';
import type { Store } from './store.ts';

/** A part as the store acknowledged it. */
export interface Uploaded {
  readonly PartNumber: number;
  readonly ETag: string | undefined;
  readonly ChecksumCRC32?: string;
}

/** Where requests for one object go, by the SDK's rules: host or path style, endpoint, region; the path is escaped. */
export interface Address {
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
  readonly path: string;
}

/** An upload whose parts are, or will be, all there. */
export interface Finished {
  readonly id: string;
  readonly key: string;
  readonly address: Address;
  /** The `writeback-attempt` of its metadata. */
  readonly attempt: string;
  bytes: number;
  readonly parts: Uploaded[];
}

/** What is needed to publish an upload: plain data. */
export type HeldUpload = Omit<Finished, 'address'>;

/** What a published object says of itself, as far as a lost answer needs it. `denied` when it may not be looked at. */
async function looksPublished(store: Store, upload: HeldUpload): Promise<boolean | 'denied'> {
  try {
    const head = { Bucket: store.bucket, Key: upload.key };
    const { ContentLength, Metadata } = await store.s3.headObject(head, { abortSignal: store.signal });
    return ContentLength === upload.bytes && Metadata?.['writeback-attempt'] === upload.attempt;
  } catch (error) {
    return (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode === 403
      ? 'denied'
      : false;
  }
}

/**
 * True when the answer does not tell whether the object was published: none came, the store was out of order, or
 * `NoSuchUpload`, which the SDK's own second try gets after a first one whose answer was lost.
 */
function tellsNothing(error: unknown): boolean {
  const { name, $metadata } = error as { name?: string; $metadata?: { httpStatusCode?: number } };
  const status = $metadata?.httpStatusCode;
  return name === 'NoSuchUpload' || status === undefined || status >= 500;
}

/**
 * Publishes the object. Parts must be named in ascending order. An error inside a 200 answer is thrown by the SDK.
 * Throws TemporaryError `s3-unload-unknown-end` when neither the answer nor a look tells whether it is published.
 */
export async function completeUpload(store: Store, upload: HeldUpload): Promise<void> {
  const Parts = upload.parts.toSorted((a, b) => a.PartNumber - b.PartNumber);
  const input = { Bucket: store.bucket, Key: upload.key, UploadId: upload.id, MultipartUpload: { Parts } };
  try {
    await store.s3.completeMultipartUpload(input, { abortSignal: store.signal });
  } catch (error) {
    if (store.signal.aborted || !tellsNothing(error)) throw error;
    const published = await looksPublished(store, upload);
    if (published === true) return;
    if (published === false) throw error;
    throw new TemporaryError(
      's3-unload-unknown-end',
      'The answer to the end of the upload was lost, and the object may not be looked at: it may be published or not.',
      {
        remedy:
          'Run again: the object is then written once more. With s3:GetObject this is found out by itself.',
        cause: error,
      },
    );
  }
}
