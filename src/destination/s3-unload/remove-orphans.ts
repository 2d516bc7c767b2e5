import type { Store } from './store.ts';
import { abortUpload } from './upload-parts.ts';

/** The ids of incomplete uploads of exactly this key, at most the first thousand. */
async function uploadsOf({ s3, bucket, signal }: Store, key: string): Promise<string[]> {
  const input = { Bucket: bucket, Prefix: key };
  const { Uploads = [] } = await s3.listMultipartUploads(input, { abortSignal: signal });
  return Uploads.flatMap(({ Key, UploadId }) => (Key === key && UploadId !== undefined ? [UploadId] : []));
}

/**
 * Aborts what a killed attempt left: incomplete uploads of this very key, which only this writeback writes.
 * Needs s3:ListBucketMultipartUploads; without it (or where the store cannot list) nothing is done and nothing said:
 * whether something is there cannot be known. Answers whether to try again for the next key.
 */
export async function removeOrphans(store: Store, key: string): Promise<boolean> {
  try {
    for (const id of await uploadsOf(store, key)) await abortUpload(store, key, id);
    return true;
  } catch {
    store.signal.throwIfAborted();
    return false;
  }
}
