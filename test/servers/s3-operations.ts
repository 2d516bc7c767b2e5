import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { S3Body } from './s3-body.ts';
import { assemble, checkPart } from './s3-multipart.ts';
import {
  type S3Bucket,
  type S3Object,
  type S3Upload,
  encryptionEcho,
  keptHeaders,
  usedBytes,
} from './s3-objects.ts';
import { S3Refusal, escapeXml } from './s3-refusal.ts';

/** One request, signed and read. */
export interface S3Request {
  readonly bucketName: string;
  readonly key: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: S3Body;
}

/** What is answered. */
export interface S3Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

/** All that lies in the stand-in, and its rules. */
export interface S3State {
  readonly buckets: Map<string, S3Bucket>;
  readonly quota: number;
  readonly kmsKeys: readonly string[];
  /** False: keys may encrypt but not decrypt, so that uploads in several parts fail. */
  readonly kmsDecrypt: boolean;
  readonly uniformParts: boolean;
}

type Operation = (state: S3State, bucket: S3Bucket, request: S3Request) => S3Answer;

function checkRoom(state: S3State, bytes: number): void {
  if (usedBytes(state.buckets.values()) + bytes <= state.quota) return;
  throw new S3Refusal(
    507,
    'XMinioStorageFull',
    'Storage backend has reached its minimum free drive threshold.',
  );
}

function uploadOf(bucket: S3Bucket, { key, query }: S3Request): S3Upload {
  const upload = bucket.uploads.get(query.get('uploadId') ?? '');
  if (upload?.key === key) return upload;
  throw new S3Refusal(404, 'NoSuchUpload', 'The specified multipart upload does not exist.');
}

function checkConditions(bucket: S3Bucket, { key, headers }: S3Request): void {
  if (headers['if-none-match'] === '*' && bucket.objects.has(key)) {
    throw new S3Refusal(
      412,
      'PreconditionFailed',
      'At least one of the pre-conditions you specified did not hold',
    );
  }
}

const putObject: Operation = (state, bucket, request) => {
  const { key, headers, body } = request;
  checkConditions(bucket, request);
  const kept = keptHeaders(headers, state.kmsKeys);
  checkRoom(state, body.length - (bucket.objects.get(key)?.length ?? 0));
  const { bytes, length, md5, crc32 } = body;
  bucket.objects.set(key, { bytes, length, etag: md5, modified: new Date(), headers: kept, crc32 });
  return {
    headers: {
      etag: `"${md5}"`,
      ...encryptionEcho(kept),
      ...(crc32 ? { 'x-amz-checksum-crc32': crc32 } : {}),
    },
  };
};

function describeObject(object: S3Object, withChecksum: boolean): Record<string, string> {
  const checksum = withChecksum && object.crc32 ? { 'x-amz-checksum-crc32': object.crc32 } : {};
  return {
    ...object.headers,
    ...checksum,
    etag: `"${object.etag}"`,
    'last-modified': object.modified.toUTCString(),
    'content-length': String(object.length),
    'accept-ranges': 'bytes',
  };
}

const getObject: Operation = (_, { objects }, { key, headers }) => {
  const object = objects.get(key);
  if (!object) throw new S3Refusal(404, 'NoSuchKey', 'The specified key does not exist.');
  const described = describeObject(object, headers['x-amz-checksum-mode'] === 'ENABLED');
  const [, from = '', to = ''] = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? '') ?? [];
  if (from === '') return { headers: described, body: object.bytes };
  const bytes = object.bytes.subarray(Number(from), to === '' ? undefined : Number(to) + 1);
  const range = `bytes ${from}-${Number(from) + bytes.length - 1}/${object.length}`;
  return {
    status: 206,
    headers: { ...described, 'content-length': String(bytes.length), 'content-range': range },
    body: bytes,
  };
};

const deleteObject: Operation = (_, { objects }, { key }) => {
  objects.delete(key);
  return { status: 204 };
};

const listObjects: Operation = (_, { objects }, { bucketName, query }) => {
  const prefix = query.get('prefix') ?? '';
  const found = [...objects].filter(([key]) => key.startsWith(prefix)).sort(([a], [b]) => (a < b ? -1 : 1));
  const contents = found.map(
    ([key, { length, etag, modified }]) =>
      `<Contents><Key>${escapeXml(key)}</Key><LastModified>${modified.toISOString()}</LastModified><ETag>&quot;${etag}&quot;</ETag><Size>${length}</Size><StorageClass>STANDARD</StorageClass></Contents>`,
  );
  return {
    body: `<ListBucketResult><Name>${bucketName}</Name><Prefix>${escapeXml(prefix)}</Prefix><KeyCount>${found.length}</KeyCount><MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated>${contents.join('')}</ListBucketResult>`,
  };
};

const createUpload: Operation = (state, { uploads }, { bucketName, key, headers }) => {
  const kept = keptHeaders(headers, state.kmsKeys);
  checkRoom(state, 0);
  const id = randomUUID();
  const crc32 = headers['x-amz-checksum-algorithm'] === 'CRC32';
  uploads.set(id, { id, key, begun: new Date(), headers: kept, crc32, parts: new Map() });
  const echo = crc32 ? { 'x-amz-checksum-algorithm': 'CRC32', 'x-amz-checksum-type': 'COMPOSITE' } : {};
  const body = `<InitiateMultipartUploadResult><Bucket>${bucketName}</Bucket><Key>${escapeXml(key)}</Key><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`;
  return { headers: { ...encryptionEcho(kept), ...echo }, body };
};

const uploadPart: Operation = (state, bucket, request) => {
  const upload = uploadOf(bucket, request);
  const { bytes, length, md5, crc32 } = request.body;
  const number = Number(request.query.get('partNumber'));
  checkPart(upload, number, crc32);
  checkRoom(state, length);
  if (!state.kmsDecrypt && number > 1 && upload.headers['x-amz-server-side-encryption'] === 'aws:kms') {
    throw new S3Refusal(403, 'AccessDenied', 'not authorized to perform: kms:Decrypt on the resource');
  }
  upload.parts.set(number, { bytes, length, md5, crc32 });
  return {
    headers: {
      etag: `"${md5}"`,
      ...encryptionEcho(upload.headers),
      ...(crc32 ? { 'x-amz-checksum-crc32': crc32 } : {}),
    },
  };
};

const completeUpload: Operation = (state, bucket, request) => {
  const upload = uploadOf(bucket, request);
  checkConditions(bucket, request);
  const object = assemble(upload, request.body.bytes.toString(), state.uniformParts);
  bucket.objects.set(upload.key, object);
  bucket.uploads.delete(upload.id);
  const checksum = object.crc32
    ? `<ChecksumCRC32>${object.crc32}</ChecksumCRC32><ChecksumType>COMPOSITE</ChecksumType>`
    : '';
  return {
    headers: encryptionEcho(upload.headers),
    body: `<CompleteMultipartUploadResult><Bucket>${request.bucketName}</Bucket><Key>${escapeXml(upload.key)}</Key><ETag>&quot;${object.etag}&quot;</ETag>${checksum}</CompleteMultipartUploadResult>`,
  };
};

const abortUpload: Operation = (_, bucket, request) => {
  bucket.uploads.delete(uploadOf(bucket, request).id);
  return { status: 204 };
};

const listUploads: Operation = (_, { uploads }, { bucketName, query }) => {
  const found = [...uploads.values()].filter(({ key }) => key.startsWith(query.get('prefix') ?? ''));
  const list = found.map(
    ({ key, id, begun }) =>
      `<Upload><Key>${escapeXml(key)}</Key><UploadId>${id}</UploadId><Initiated>${begun.toISOString()}</Initiated></Upload>`,
  );
  return {
    body: `<ListMultipartUploadsResult><Bucket>${bucketName}</Bucket><IsTruncated>false</IsTruncated>${list.join('')}</ListMultipartUploadsResult>`,
  };
};

const listParts: Operation = (_, bucket, request) => {
  const { key, id, parts } = uploadOf(bucket, request);
  const list = [...parts]
    .sort(([a], [b]) => a - b)
    .map(
      ([number, { md5, length }]) =>
        `<Part><PartNumber>${number}</PartNumber><ETag>&quot;${md5}&quot;</ETag><Size>${length}</Size></Part>`,
    );
  return {
    body: `<ListPartsResult><Key>${escapeXml(key)}</Key><UploadId>${id}</UploadId><IsTruncated>false</IsTruncated>${list.join('')}</ListPartsResult>`,
  };
};

/** What each operation does, and the right that it needs. */
export const operations: Readonly<Record<string, { readonly action: string; readonly run: Operation }>> = {
  PutObject: { action: 's3:PutObject', run: putObject },
  GetObject: { action: 's3:GetObject', run: getObject },
  HeadObject: { action: 's3:GetObject', run: getObject },
  DeleteObject: { action: 's3:DeleteObject', run: deleteObject },
  ListObjectsV2: { action: 's3:ListBucket', run: listObjects },
  HeadBucket: { action: 's3:ListBucket', run: () => ({}) },
  CreateMultipartUpload: { action: 's3:PutObject', run: createUpload },
  UploadPart: { action: 's3:PutObject', run: uploadPart },
  CompleteMultipartUpload: { action: 's3:PutObject', run: completeUpload },
  AbortMultipartUpload: { action: 's3:AbortMultipartUpload', run: abortUpload },
  ListMultipartUploads: { action: 's3:ListBucketMultipartUploads', run: listUploads },
  ListParts: { action: 's3:ListMultipartUploadParts', run: listParts },
};

/** The name of what a request asks for. */
export function operationOf(method: string, key: string, query: URLSearchParams): string {
  const upload = query.has('uploadId') ? 'Upload' : query.has('uploads') ? 'Uploads' : '';
  const asked = `${method} ${key === '' ? 'bucket' : 'object'} ${upload}`.trimEnd();
  const names: Record<string, string> = {
    'PUT object': 'PutObject',
    'GET object': 'GetObject',
    'HEAD object': 'HeadObject',
    'DELETE object': 'DeleteObject',
    'PUT bucket': 'CreateBucket',
    'HEAD bucket': 'HeadBucket',
    'GET bucket': 'ListObjectsV2',
    'GET bucket Uploads': 'ListMultipartUploads',
    'POST object Uploads': 'CreateMultipartUpload',
    'PUT object Upload': 'UploadPart',
    'POST object Upload': 'CompleteMultipartUpload',
    'DELETE object Upload': 'AbortMultipartUpload',
    'GET object Upload': 'ListParts',
  };
  return names[asked] ?? 'Unknown';
}
