import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Failure, retryAt } from './retry-at.ts';

const now = new Date('2026-03-02T10:00:00Z');
const error = { code: 'odd-busy', message: 'Busy.', temporary: true };
const failure: Failure = { cause: 'schedule', failures: 0, error };
const retry = { times: 3, everyMinutes: 10 };
const minutes = (change: Partial<Failure>, rule: typeof retry | undefined = retry) => {
  const at = retryAt(rule, { ...failure, ...change }, now);
  return at && (at.getTime() - now.getTime()) / 60_000;
};

test('the wait doubles, as often as was said, and never past a day', () => {
  assert.deepEqual(
    [0, 1, 2, 3].map((failures) => minutes({ failures })),
    [10, 20, 40, undefined],
  );
  assert.equal(minutes({ failures: 15 }, { times: 20, everyMinutes: 1440 }), 1440);
});

test('only what began by itself and may pass is tried again', () => {
  assert.equal(minutes({ cause: 'manual' }), undefined);
  assert.equal(minutes({ cause: 'rejected-rows' }), undefined);
  assert.equal(minutes({ cause: 'change' }), 10);
  assert.equal(minutes({ error: { ...error, temporary: false } }), undefined);
  assert.equal(retryAt(undefined, failure, now), undefined);
});

test('the far side’s own wait is kept', () => {
  assert.equal(minutes({ error: { ...error, retryAfter: 3600 } }), 60);
  assert.equal(minutes({ error: { ...error, retryAfter: 1 } }), 10);
});
