import type { OutgoingFile } from '../../connector/contract.ts';
import { base64Crc32 } from './base64-crc32.ts';
import { type Part, gatherParts } from './gather-parts.ts';
import { type S3Job, objectHeaders } from './object-headers.ts';
import { partSizes } from './part-sizes.ts';
import type { Store } from './store.ts';
import { uploadParts } from './upload-parts.ts';

/** One request, for what ends within the first part. By then the facts are final, so they go into the metadata. */
async function putObject(
  store: Store,
  job: S3Job,
  key: string,
  file: OutgoingFile,
  part: Part,
): Promise<void> {
  const { Metadata, ...headers } = objectHeaders(job, file);
  const facts = file.facts();
  const input = {
    Bucket: store.bucket,
    Key: key,
    Body: part.bytes,
    ...headers,
    Metadata: { ...Metadata, 'writeback-rows': String(facts.rows), 'writeback-crc32': facts.crc32 },
    ...(store.crc32 ? { ChecksumCRC32: base64Crc32(part.crc32) } : {}),
  };
  await store.s3.putObject(input, { abortSignal: store.signal });
}

/**
 * Publishes one file under its key: the object is there whole or not at all, and an older one stays until then.
 * Throws the SDK's errors as they are, and the body's.
 */
export async function writeFile(store: Store, job: S3Job, key: string, file: OutgoingFile): Promise<void> {
  const parts = gatherParts(file, partSizes(store.compatible, file.estimatedBytes), store.signal);
  try {
    const first = await parts.next();
    if (first.done) return;
    const { value: part } = first;
    if (part.last) await putObject(store, job, key, file, part);
    else
      await uploadParts(
        store,
        { key, headers: objectHeaders(job, file), warn: (sentence) => job.warn(sentence) },
        part,
        parts,
      );
  } finally {
    await parts.return(undefined);
  }
}
