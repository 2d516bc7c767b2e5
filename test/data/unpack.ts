import assert from 'node:assert/strict';
import { gunzipSync, inflateRawSync, zstdDecompressSync } from 'node:zlib';

/** The data of the one entry, found the way a reader finds it: from the end, through the central directory. */
export function unzip(bytes: Buffer): { name: string; data: Buffer; date: number } {
  const end = bytes.length - 22;
  assert.equal(bytes.readUInt32LE(end), 0x06054b50);
  const central = bytes.readUInt32LE(end + 16);
  assert.equal(bytes.readUInt32LE(central), 0x02014b50);
  const nameLength = bytes.readUInt16LE(central + 28);
  const start = 30 + bytes.readUInt16LE(26) + bytes.readUInt16LE(28);
  const packed = bytes.subarray(start, start + bytes.readUInt32LE(central + 20));
  const data = inflateRawSync(packed);
  assert.equal(data.length, bytes.readUInt32LE(central + 24));
  return {
    name: bytes.toString('utf8', central + 46, central + 46 + nameLength),
    data,
    date: bytes.readUInt16LE(12),
  };
}

/** The way back from each compression. */
export const unpack = {
  none: (bytes: Buffer) => bytes,
  gzip: (bytes: Buffer) => gunzipSync(bytes),
  zstd: (bytes: Buffer) => zstdDecompressSync(bytes),
  zip: (bytes: Buffer) => unzip(bytes).data,
};
