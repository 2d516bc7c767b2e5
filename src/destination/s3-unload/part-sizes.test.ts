import assert from 'node:assert/strict';
import { test } from 'node:test';
import { partSizes, partsInFlight } from './part-sizes.ts';

const MiB = 1024 * 1024;

test('on Amazon parts grow, so that 10,000 of them make 490 GiB', () => {
  const size = partSizes(false);
  assert.deepEqual(
    [1, 1000, 1001, 2001, 3001, 10_000].map((number) => size(number) / MiB),
    [8, 8, 16, 32, 64, 64],
  );
  let total = 0;
  for (let number = 1; number <= 10_000; number += 1) total += size(number);
  assert.equal(Math.floor(total / 1024 ** 3), 492);
  assert.throws(() => size(10_001), { code: 's3-unload-file-too-large', field: 'splitSize' });
});

test('elsewhere all parts are of one length, which the estimate decides', () => {
  assert.equal(partSizes(true)(9_999), 16 * MiB);
  assert.equal(partSizes(true, 1000)(1), 8 * MiB);
  const size = partSizes(true, 500 * 1024 ** 3)(1);
  assert.ok(size * 10_000 > 1.2 * 500 * 1024 ** 3);
});

test('what is on its way stays within 32 MiB, but for parts that are larger', () => {
  assert.deepEqual(
    [8, 16, 32, 64, 128].map((size) => partsInFlight(size * MiB)),
    [4, 2, 1, 1, 1],
  );
});
