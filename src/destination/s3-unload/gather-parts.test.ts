import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import { crc32OfEnd } from './crc32-of-end.ts';
import { gatherParts } from './gather-parts.ts';

const bytes = randomBytes(100_000);

test('the sum of an end follows from the sums of the whole and of what is before', () => {
  for (const at of [0, 1, 7, 4096, 99_999, 100_000]) {
    const end = bytes.subarray(at);
    assert.equal(crc32OfEnd(crc32(bytes.subarray(0, at)), crc32(bytes), end.length), crc32(end));
  }
});

for (const told of [true, false]) {
  for (const size of [1, 999, 1000, 2500, 30_000, 200_000]) {
    if (size === 1 && !told) continue;
    test(`chunks of ${size} bytes become parts with their sums; the sum of the file is ${told ? 'told' : 'unknown'}`, async () => {
      let sum = 0;
      async function* body() {
        for (let from = 0; from < bytes.length; from += size) {
          const chunk = bytes.subarray(from, from + size);
          sum = crc32(chunk, sum);
          yield chunk;
        }
      }
      const file = told ? { body: body(), crc32SoFar: () => sum } : { body: body() };
      const whole: Buffer[] = [];
      const { signal } = new AbortController();
      for await (const part of gatherParts(file, (number) => number * 1000, signal)) {
        assert.equal(part.crc32, crc32(part.bytes));
        assert.equal(part.last || part.bytes.length === part.number * 1000, true);
        whole.push(Buffer.from(part.bytes));
        part.release();
      }
      assert.ok(Buffer.concat(whole).equals(bytes));
    });
  }
}

test('memory of a whole part is made only for a file that needs it', async () => {
  const size = 600_000;
  const { signal } = new AbortController();
  for (const [length, cuts] of [
    [200_000, [200_000]],
    [1_300_000, [size, size, 100_000]],
  ] as const) {
    const file = randomBytes(length);
    async function* body() {
      for (let from = 0; from < length; from += 70_001) yield file.subarray(from, from + 70_001);
    }
    const made: number[] = [];
    const memory = (bytes: number) => {
      made.push(bytes);
      return Buffer.allocUnsafeSlow(bytes);
    };
    const whole: Buffer[] = [];
    for await (const part of gatherParts({ body: body() }, () => size, signal, memory)) {
      assert.equal(part.crc32, crc32(part.bytes));
      whole.push(Buffer.from(part.bytes));
    }
    assert.deepEqual(
      whole.map((part) => part.length),
      cuts,
    );
    assert.ok(Buffer.concat(whole).equals(file));
    assert.equal(made.includes(size), length > size);
  }
});

test('a file without bytes is one empty part', async () => {
  async function* body() {}
  const parts = [];
  const { signal } = new AbortController();
  for await (const { crc32: sum, last } of gatherParts(
    { body: body(), crc32SoFar: () => 0 },
    () => 10,
    signal,
  ))
    parts.push({ sum, last });
  assert.deepEqual(parts, [{ sum: 0, last: true }]);
});
