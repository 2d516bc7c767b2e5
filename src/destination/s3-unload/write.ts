import type { FileJob, PublishedFile } from '../../connector/contract.ts';
import type { credentialsFields } from './credentials-fields.ts';
import type { detailsFields } from './details-fields.ts';
import { explain } from './explain.ts';
import { placeOf } from './object-headers.ts';
import type { PartTransport } from './part-transport.ts';
import { removeOrphans } from './remove-orphans.ts';
import { withStore } from './store.ts';
import { writeFile } from './write-file.ts';

type S3FileJob = FileJob<typeof credentialsFields, typeof detailsFields>;

/**
 * Publishes each file as an object, one after another; keys are the files' paths. s3:PutObject is enough.
 * The law of replay holds because a key is replaced in one step, and what a killed attempt left is aborted first.
 */
export async function write(job: S3FileJob, transport: PartTransport): Promise<PublishedFile[]> {
  const { credentials, signal, files } = job;
  const published: PublishedFile[] = [];
  let key: string | undefined;
  try {
    await withStore(job, transport, async (store) => {
      let mayList = true;
      for await (const file of files) {
        key = file.path;
        mayList &&= await removeOrphans(store, key);
        await writeFile(store, job, key, file);
        published.push({ location: `s3://${store.bucket}/${key}` });
      }
    });
    return published;
  } catch (error) {
    signal.throwIfAborted();
    throw explain(error, placeOf(credentials, key));
  }
}
