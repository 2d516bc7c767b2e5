import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createProgress } from './progress.ts';

/** What the progress shows of one update, a second after its start. */
function shown(t: TestContext, expected: number | undefined): string {
  let now = 0;
  t.mock.method(performance, 'now', () => now);
  let text = '';
  const progress = createProgress({ err: (more) => void (text += more), lively: true }, false);
  progress.expect(expected);
  now = 1_000;
  progress.update(250, 5_000);
  return text;
}

test('with known rows the progress tells them and the time that is left', (t) => {
  assert.equal(shown(t, 1_000), '\r\u001B[K250 of 1,000 rows  5.00 kB  250 rows/s  5.00 kB/s  3.0 s left');
});

test('without known rows it promises nothing', (t) => {
  assert.equal(shown(t, undefined), '\r\u001B[K250 rows  5.00 kB  250 rows/s  5.00 kB/s');
});
