import type { FileJob, Held, Job, PublishedFile } from '../../connector/contract.ts';
import { type HeldUpload, completeUpload } from './complete-upload.ts';
import type { credentialsFields } from './credentials-fields.ts';
import type { detailsFields } from './details-fields.ts';
import { explain } from './explain.ts';
import { placeOf } from './object-headers.ts';
import type { PartTransport } from './part-transport.ts';
import { removeOrphans } from './remove-orphans.ts';
import { sdkParts } from './sdk-parts.ts';
import { type Store, withStore } from './store.ts';
import { abortUpload } from './upload-parts.ts';
import { holdFile } from './write-file.ts';

type S3Job = Job<typeof credentialsFields, typeof detailsFields>;
type S3FileJob = FileJob<typeof credentialsFields, typeof detailsFields>;

/** What a part of a run holds: uploads that only their end is missing of. */
interface HeldUploads extends Held {
  readonly uploads: readonly HeldUpload[];
}

async function explained<T>({ credentials, signal }: S3Job, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    signal.throwIfAborted();
    throw explain(error, placeOf(credentials));
  }
}

/**
 * Sends the files of one part as uploads, however small they are, and ends none of them. Uploads of the same key are left alone:
 * they may be another attempt's, and only one of them will be published.
 */
export async function holdPart(
  job: S3FileJob,
  transport: PartTransport,
): Promise<{ receipt: PublishedFile[]; held: HeldUploads }> {
  return explained(job, async () =>
    withStore(job, transport, async (store) => {
      const uploads: HeldUpload[] = [];
      try {
        for await (const file of job.files) {
          const upload = await holdFile(store, job, file.path, file);
          if (upload) uploads.push(upload);
        }
      } catch (error) {
        for (const { key, id } of uploads) await abortUpload(store, key, id);
        throw error;
      }
      return {
        receipt: uploads.map(({ key }) => ({ location: `s3://${store.bucket}/${key}` })),
        held: { uploads },
      };
    }),
  );
}

/** Does something with all uploads: part by part at the same time, those of one part in turn. */
async function forEach(
  job: S3Job,
  held: readonly Held[],
  work: (store: Store, upload: HeldUpload) => Promise<unknown>,
): Promise<void> {
  const inTurn = async (store: Store, { uploads }: HeldUploads) => {
    for (const upload of uploads) await work(store, upload);
  };
  await explained(job, async () =>
    withStore(job, sdkParts, async (store) => {
      const all = (held as readonly HeldUploads[]).map(async (part) => inTurn(store, part));
      // None is on its way any more when the store is closed.
      await Promise.allSettled(all);
      await Promise.all(all);
    }),
  );
}

/** Ends all uploads, which makes objects of them; one that was ended already is recognised. Then those of other attempts are removed. */
export async function publishHeld(job: S3Job, held: readonly Held[]): Promise<void> {
  await forEach(job, held, async (store, upload) => {
    await completeUpload(store, upload);
    await removeOrphans(store, upload.key);
  });
}

/** Aborts all uploads, and those of other attempts. */
export async function discardHeld(job: S3Job, held: readonly Held[]): Promise<void> {
  await forEach(job, held, async (store, { key, id }) => {
    await abortUpload(store, key, id);
    await removeOrphans(store, key);
  });
}
