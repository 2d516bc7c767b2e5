import type { PartTransport, SendPart } from './part-transport.ts';
import type { OpenStore } from './store.ts';

function uploadPart({ s3, bucket }: OpenStore): SendPart {
  return async ({ upload, part, crc32, signal }) => {
    const input = {
      Bucket: bucket,
      Key: upload.key,
      UploadId: upload.id,
      PartNumber: part.number,
      Body: part.bytes,
      ...(crc32 === undefined ? {} : { ChecksumCRC32: crc32 }),
    };
    return (await s3.uploadPart(input, { abortSignal: signal })).ETag;
  };
}

/** Parts by the SDK's own UploadPart: its attempts, its waiting, its correction of the clock and its errors. */
export const sdkParts: PartTransport = (store) => ({
  sendPart: uploadPart(store),
  partMemory: (size) => Buffer.allocUnsafeSlow(size),
  close() {},
});
