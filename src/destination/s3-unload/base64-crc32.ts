/** A CRC-32 as S3 wants it in its headers: four bytes, big-endian, in base64. */
export function base64Crc32(sum: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(sum);
  return bytes.toString('base64');
}
