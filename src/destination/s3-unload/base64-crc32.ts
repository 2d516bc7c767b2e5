import { crc32 } from 'node:zlib';

/** CRC-32 as S3 wants it in its headers: four bytes, big-endian, in base64. */
export function base64Crc32(bytes: Uint8Array): string {
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(bytes));
  return sum.toString('base64');
}
