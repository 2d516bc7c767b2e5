import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { watchFreeze } from './watch-freeze.ts';

const standStill = (milliseconds: number) =>
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);

test('a thread that stood still is told so within one turn of its event loop, and one that was slow is not', async () => {
  const told: string[] = [];
  const stop = watchFreeze(({ code, message }) => told.push(`${message} (${code})`), 3_000);
  await sleep(150);
  standStill(300);
  await sleep(150);
  assert.deepEqual(told, []);
  const next = sleep(1);
  standStill(3_500);
  await next;
  await new Promise(setImmediate);
  assert.equal(told.length, 1);
  assert.match(told[0]!, /stood still for \d+ s.*\(run-frozen\)/);
  stop();
});
