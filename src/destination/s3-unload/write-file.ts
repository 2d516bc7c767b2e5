import type { OutgoingFile } from '../../connector/contract.ts';
import { base64Crc32 } from './base64-crc32.ts';
import type { HeldUpload } from './complete-upload.ts';
import { type Part, gatherParts } from './gather-parts.ts';
import { type S3Job, objectHeaders } from './object-headers.ts';
import { partSizes } from './part-sizes.ts';
import type { Store } from './store.ts';
import { type Target, sendUpload, uploadParts } from './upload-parts.ts';

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
  await withParts(store, file, async (first, rest) => {
    if (first.last) await putObject(store, job, key, file, first);
    else await uploadParts(store, targetOf(job, key, file), first, rest);
  });
}

/** Sends one file as an upload that is not published yet. */
export async function holdFile(
  store: Store,
  job: S3Job,
  key: string,
  file: OutgoingFile,
): Promise<HeldUpload | undefined> {
  return withParts(store, file, async (first, rest) => {
    const { address: _, ...held } = await sendUpload(store, targetOf(job, key, file), first, rest);
    return held;
  });
}

const targetOf = (job: S3Job, key: string, file: OutgoingFile): Target => ({
  key,
  headers: objectHeaders(job, file),
  warn: (sentence) => job.warn(sentence),
});

/** Lends the parts of a file; undefined when it has none. */
async function withParts<T>(
  store: Store,
  file: OutgoingFile,
  use: (first: Part, rest: AsyncIterable<Part>) => Promise<T>,
): Promise<T | undefined> {
  const { compatible, signal, partMemory } = store;
  const parts = gatherParts(file, partSizes(compatible, file.estimatedBytes), signal, partMemory);
  try {
    const first = await parts.next();
    return first.done ? undefined : await use(first.value, parts);
  } finally {
    await parts.return(undefined);
  }
}
