import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { createGunzip, gzipSync } from 'node:zlib';
import { through } from './through.ts';

const bytes = Buffer.concat([randomBytes(300_000), Buffer.alloc(700_000, 'a, b\n'), randomBytes(50_000)]);
const zipped = gzipSync(bytes);

async function* pieces(size: number) {
  for (let from = 0; from < zipped.length; from += size) yield zipped.subarray(from, from + size);
}

for (const [size, chunkSize] of [
  [10_000, 64 * 1024],
  [1_000_000, 64 * 1024],
  [3000, 1024 * 1024],
  [500, 1024],
] as const) {
  test(`chunks of ${size} bytes come out whole in pieces of ${chunkSize}, whose memory is given back when they are full`, async () => {
    const out: Buffer[] = [];
    const buffers = new Set<ArrayBufferLike>();
    for await (const chunk of through(pieces(size), createGunzip({ chunkSize }))) {
      out.push(Buffer.from(chunk));
      if (chunkSize > Buffer.poolSize) buffers.add(chunk.buffer);
    }
    assert.ok(Buffer.concat(out).equals(bytes));
    const kept = [...buffers].filter(({ byteLength }) => byteLength > 0);
    assert.ok(kept.length <= 1, `${kept.length} of ${buffers.size} are kept`);
  });
}

test('what the body throws comes out, and what is not gzip too', async () => {
  async function* broken() {
    yield zipped.subarray(0, 1000);
    throw new Error('torn');
  }
  const read = async (body: AsyncIterable<Uint8Array>) => {
    for await (const _ of through(body, createGunzip())) continue;
  };
  await assert.rejects(read(broken()), /torn/);
  async function* plain() {
    yield Buffer.from('not zipped');
  }
  await assert.rejects(read(plain()), /header/);
});
