import { type S3Job, stateOf } from './object-headers.ts';
import { sdkParts } from './sdk-parts.ts';
import { withStore } from './store.ts';

/**
 * True when the object at `key` says that it was written from this very state of the DataSet with these details.
 * False when it is not known: another state, no object, or a key that may not look (s3:GetObject is missing).
 */
export async function isCurrent(job: S3Job, key: string): Promise<boolean> {
  const { details, dataset } = job;
  // The rows of a day change with the day, not only with the DataSet.
  if (!details.skipWhenUnchanged || dataset.updatedAt === undefined || details.specificDay !== undefined)
    return false;
  try {
    const metadata = await withStore(job, sdkParts, async ({ s3, bucket, signal }) => {
      return (await s3.headObject({ Bucket: bucket, Key: key }, { abortSignal: signal })).Metadata ?? {};
    });
    return Object.entries(stateOf(job)).every(([name, value]) => metadata[name] === value);
  } catch {
    job.signal.throwIfAborted();
    return false;
  }
}
