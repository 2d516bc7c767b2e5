import type { IncomingHttpHeaders } from 'node:http';
import { S3Refusal } from './s3-refusal.ts';

/** An object as it lies in the stand-in. */
export interface S3Object {
  readonly bytes: Buffer;
  readonly length: number;
  readonly etag: string;
  readonly modified: Date;
  /** What it was created with: content type, metadata, encryption, storage class. */
  readonly headers: Readonly<Record<string, string>>;
  readonly crc32?: string | undefined;
}

/** A part of an upload that is not completed. */
export interface S3Part {
  readonly bytes: Buffer;
  readonly length: number;
  readonly md5: string;
  readonly crc32: string | undefined;
}

/** An upload that is not completed. */
export interface S3Upload {
  readonly id: string;
  readonly key: string;
  readonly begun: Date;
  readonly headers: Readonly<Record<string, string>>;
  /** Declared at creation: then each part needs it, and Complete too. */
  readonly crc32: boolean;
  readonly parts: Map<number, S3Part>;
}

/** Objects and uploads of one bucket. */
export interface S3Bucket {
  readonly objects: Map<string, S3Object>;
  readonly uploads: Map<string, S3Upload>;
}

const storageClasses = new Set(
  'STANDARD STANDARD_IA ONEZONE_IA INTELLIGENT_TIERING GLACIER_IR GLACIER DEEP_ARCHIVE REDUCED_REDUNDANCY'.split(
    ' ',
  ),
);

const kept =
  /^(content-type|content-encoding|x-amz-meta-.*|x-amz-storage-class|x-amz-server-side-encryption(-.*)?)$/;

function checkEncryption(headers: IncomingHttpHeaders, kmsKeys: readonly string[]): void {
  const algorithm = headers['x-amz-server-side-encryption'];
  const keyId = headers['x-amz-server-side-encryption-aws-kms-key-id'];
  if (algorithm !== undefined && algorithm !== 'AES256' && algorithm !== 'aws:kms') {
    throw new S3Refusal(
      400,
      'InvalidEncryptionAlgorithmError',
      'The encryption request that you specified is not valid.',
    );
  }
  if (keyId !== undefined && algorithm !== 'aws:kms') {
    throw new S3Refusal(400, 'InvalidArgument', 'A KMS key needs the encryption aws:kms.');
  }
  if (typeof keyId === 'string' && !kmsKeys.includes(keyId)) {
    throw new S3Refusal(400, 'KMS.NotFoundException', `Key '${keyId}' does not exist`);
  }
}

/** The headers that stay with an object, checked. */
export function keptHeaders(
  headers: IncomingHttpHeaders,
  kmsKeys: readonly string[],
): Record<string, string> {
  checkEncryption(headers, kmsKeys);
  const storageClass = headers['x-amz-storage-class'];
  if (typeof storageClass === 'string' && !storageClasses.has(storageClass)) {
    throw new S3Refusal(400, 'InvalidStorageClass', 'The storage class you specified is not valid.');
  }
  const mine = Object.entries(headers)
    .filter(([name]) => kept.test(name))
    .map(([name, value]) => [name, String(value)] as const);
  const metadata = mine.filter(([name]) => name.startsWith('x-amz-meta-'));
  const size = metadata.reduce(
    (sum, [name, value]) => sum + name.length - 'x-amz-meta-'.length + value.length,
    0,
  );
  if (size > 2048)
    throw new S3Refusal(
      400,
      'MetadataTooLarge',
      'Your metadata headers exceed the maximum allowed metadata size.',
    );
  return Object.fromEntries(mine);
}

/** What the answers to PutObject, CreateMultipartUpload, UploadPart and Complete echo. */
export function encryptionEcho(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => name.startsWith('x-amz-server-side-encryption')),
  );
}

/** Bytes of everything that is kept, parts of open uploads included. */
export function usedBytes(buckets: Iterable<S3Bucket>): number {
  let total = 0;
  for (const { objects, uploads } of buckets) {
    for (const { length } of objects.values()) total += length;
    for (const { parts } of uploads.values()) for (const { length } of parts.values()) total += length;
  }
  return total;
}
