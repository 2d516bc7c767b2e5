import { randomUUID } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { Job, OutgoingFile } from '../../connector/contract.ts';
import type { S3Credentials } from './credentials-fields.ts';
import type { S3Details } from './details-fields.ts';
import type { credentialsFields } from './credentials-fields.ts';
import type { detailsFields } from './details-fields.ts';

/** The work that `write` and `isCurrent` are given. */
export type S3Job = Job<typeof credentialsFields, typeof detailsFields>;

/** What the client's types want of these headers. */
export type ObjectHeaders = ReturnType<typeof objectHeaders>;

/** Metadata travels in HTTP headers: anything but printable ASCII is percent-encoded. */
function ascii(text: string): string {
  return text.replace(/[^\x20-\x7e]+/gu, (odd) => encodeURIComponent(odd)).slice(0, 500);
}

/** Changes when anything is set differently on the pane: then the object is not the same, whatever the DataSet says. */
function fingerprint(details: S3Details): string {
  return crc32(JSON.stringify(details)).toString(16).padStart(8, '0');
}

/** Tells from which state of which DataSet an object was written, and how. Without `updatedAt` it proves nothing. */
export function stateOf({ dataset, details }: Pick<S3Job, 'dataset' | 'details'>): Record<string, string> {
  return {
    'writeback-dataset': ascii(dataset.id),
    'writeback-details': fingerprint(details),
    ...(dataset.updatedAt === undefined ? {} : { 'writeback-updated-at': ascii(dataset.updatedAt) }),
  };
}

function encryptionOf({ serverSideEncryption, kmsKeyId }: S3Details) {
  if (serverSideEncryption === 'none') return {};
  const key = serverSideEncryption === 'aws:kms' && kmsKeyId !== undefined ? { SSEKMSKeyId: kmsKeyId } : {};
  return { ServerSideEncryption: serverSideEncryption, ...key };
}

/** Encryption and storage class as the details say; nothing is sent for defaults, since each header needs a right. */
export function storageHeaders(details: S3Details) {
  const { storageClass } = details;
  return { ...encryptionOf(details), ...(storageClass === 'STANDARD' ? {} : { StorageClass: storageClass }) };
}

/**
 * What an object is created with. `writeback-attempt` is new for each attempt, so that after a lost answer a look
 * at the object tells whether it is this attempt's.
 */
export function objectHeaders(job: S3Job, file: Pick<OutgoingFile, 'contentType' | 'contentEncoding'>) {
  return {
    ContentType: file.contentType,
    ...(file.contentEncoding === undefined ? {} : { ContentEncoding: file.contentEncoding }),
    ...storageHeaders(job.details),
    Metadata: { 'writeback-run': ascii(job.run.id), 'writeback-attempt': randomUUID(), ...stateOf(job) },
  };
}

/** Where the credentials point, for sentences. */
export function placeOf({ bucket, region }: S3Credentials, key?: string) {
  return { bucket, region, key };
}
