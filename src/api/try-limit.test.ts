import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTryLimit, networkOf } from './try-limit.ts';

test('the tries of each key are counted apart, and forgotten when their time is over', () => {
  let now = 0;
  const limit = createTryLimit(2, 1000, () => now);
  for (const key of ['a', 'a', 'b']) limit.count(key);
  assert.throws(() => limit.count('a'), { status: 429, headers: { 'retry-after': '1' } });
  limit.count('b');
  now = 1000;
  limit.count('a');
});

test('an address stands for its network', () => {
  assert.equal(networkOf('203.0.113.77'), '203.0.113');
  assert.equal(networkOf('::ffff:203.0.113.77'), '203.0.113');
  assert.equal(networkOf('2001:db8:1:2:3:4:5:6'), '2001:db8:1:2');
  assert.equal(networkOf('2001:db8::1'), '2001:db8:0:0');
  assert.equal(networkOf('::1'), '0:0:0:0');
});
