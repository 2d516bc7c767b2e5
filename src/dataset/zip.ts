import { type ZlibOptions, crc32, createDeflateRaw } from 'node:zlib';
import { through } from './through.ts';
import { localHeader, zipEnd } from './zip-records.ts';

/** A zip file with one entry, streamed; past 4 GB it is a zip64. What `body` throws comes out unchanged. */
export async function* zip(
  name: string,
  body: AsyncIterable<Uint8Array>,
  options: ZlibOptions,
): AsyncGenerator<Uint8Array> {
  let sum = 0;
  let size = 0;
  let packed = 0;
  async function* summed() {
    for await (const chunk of body) {
      sum = crc32(chunk, sum);
      size += chunk.length;
      yield chunk;
    }
  }
  yield localHeader(name);
  for await (const chunk of through(summed(), createDeflateRaw(options))) {
    packed += chunk.length;
    yield chunk;
  }
  yield zipEnd({ name, crc32: sum, packed, size });
}
