import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assert as holds, dictionary, jsonValue, property, string } from 'fast-check';
import { changesBetween } from './changes.ts';

test('groups are compared value by value, lists and everything else as wholes', () => {
  const before = { name: 'a', details: { path: '/in', mode: 'x' }, tags: ['a'], retry: { times: 1 } };
  const after = { name: 'a', details: { path: '/out', mode: 'x' }, tags: ['a', 'b'], source: { query: 'q' } };
  assert.deepEqual(changesBetween(before, after), [
    { path: 'details.path', before: '/in', after: '/out' },
    { path: 'retry.times', before: 1 },
    { path: 'source.query', after: 'q' },
    { path: 'tags', before: ['a'], after: ['a', 'b'] },
  ]);
  assert.deepEqual(changesBetween({ x: { y: 1 } }, { x: [1] }), [
    { path: 'x', before: { y: 1 }, after: [1] },
  ]);
});

test('a copy is no change, whatever the order of its keys', () => {
  assert.deepEqual(changesBetween({ list: [{ a: 1, b: 2 }] }, { list: [{ b: 2, a: 1 }] }), []);
  const values = dictionary(string(), jsonValue(), { noNullPrototype: true });
  holds(
    property(values, (value) => {
      assert.deepEqual(changesBetween(value, structuredClone(value)), []);
    }),
  );
});
