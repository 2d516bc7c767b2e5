import { crc32 as crc32Of } from 'node:zlib';
import type { S3Details } from './details-fields.ts';
import { base64Crc32 } from './base64-crc32.ts';
import { storageHeaders } from './object-headers.ts';
import type { Store } from './store.ts';
import type { Uploaded } from './complete-upload.ts';
import { abortUpload, lifecycleAdvice } from './upload-parts.ts';

/** An upload that is never completed: so nothing ever becomes visible, and s3:PutObject is enough. */
export interface Probe {
  readonly key: string;
  readonly id: string;
}

/**
 * A key under the path, as far as the path is the same on every day: rights are often given for a prefix only.
 * Always the same name, so that what an earlier test could not remove does not multiply under many names.
 */
export function probeKey({ path = '' }: Pick<S3Details, 'path'>): string {
  const fixed = path.split(/[{<]/)[0] ?? '';
  const whole = fixed.length === path.length ? fixed : fixed.slice(0, fixed.lastIndexOf('/') + 1);
  const folder = whole.split('/').filter((part) => part !== '');
  return [...folder, '.writeback-connection-test'].join('/');
}

/** Begins the probe: the first request that needs the keys, the region, the bucket and s3:PutObject to be right. */
export async function beginProbe({ s3, bucket, crc32, signal }: Store, details: S3Details): Promise<Probe> {
  const key = probeKey(details);
  const checksum = crc32 ? { ChecksumAlgorithm: 'CRC32' as const } : {};
  const input = { Bucket: bucket, Key: key, ...storageHeaders(details), ...checksum };
  const { UploadId = '' } = await s3.createMultipartUpload(input, { abortSignal: signal });
  return { key, id: UploadId };
}

/**
 * Sends one small part; with SSE-KMS two, the first of 5 MiB: uploads in several parts need kms:Decrypt besides
 * kms:GenerateDataKey, so that small tests used to pass where the real file then failed.
 */
export async function sendProbe(
  { s3, bucket, crc32, signal }: Store,
  probe: Probe,
  details: S3Details,
): Promise<string> {
  const sizes = details.serverSideEncryption === 'aws:kms' ? [5 * 1024 * 1024, 16] : [16];
  for (const [index, size] of sizes.entries()) {
    const Body = Buffer.alloc(size, 'writeback');
    const part: Omit<Uploaded, 'ETag'> = {
      PartNumber: index + 1,
      ...(crc32 ? { ChecksumCRC32: base64Crc32(crc32Of(Body)) } : {}),
    };
    const input = { Bucket: bucket, Key: probe.key, UploadId: probe.id, Body, ...part };
    await s3.uploadPart(input, { abortSignal: signal });
  }
  return `${sizes.length === 1 ? 'one part' : 'two parts'} accepted`;
}

/** Takes the probe away, and says what remains when that is not allowed. */
export async function endProbe(store: Store, probe: Probe): Promise<string> {
  if (await abortUpload(store, probe.key, probe.id)) return 'The test upload was removed; nothing remains.';
  return `The incomplete, invisible test upload ${probe.key} could not be removed. ${lifecycleAdvice}`;
}
