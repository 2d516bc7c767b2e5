import { constants, crc32, createDeflateRaw } from 'node:zlib';
import { packBlocks } from './pack-blocks.ts';
import { localHeader, zipEnd } from './zip-records.ts';

/** An empty block that says it is the last (RFC 1951, 3.2.6). */
const lastBlock = Buffer.of(0x03, 0x00);

/**
 * A zip file with one entry, streamed; past 4 GB it is a zip64. What `body` throws comes out unchanged.
 * Deflate knows no members, but blocks that end on a byte and look back at nothing can be made apart and strung together.
 */
export async function* zip(
  name: string,
  body: AsyncIterable<Uint8Array>,
  level: number,
): AsyncGenerator<Uint8Array> {
  const entry = { name, crc32: 0, packed: 0, size: 0 };
  async function* summed() {
    for await (const chunk of body) {
      entry.crc32 = crc32(chunk, entry.crc32);
      entry.size += chunk.length;
      yield chunk;
    }
  }
  const options = { level, finishFlush: constants.Z_SYNC_FLUSH };
  yield localHeader(name);
  for await (const chunk of packBlocks(summed(), () => createDeflateRaw(options))) {
    entry.packed += chunk.length;
    yield chunk;
  }
  entry.packed += lastBlock.length;
  yield lastBlock;
  yield zipEnd(entry);
}
