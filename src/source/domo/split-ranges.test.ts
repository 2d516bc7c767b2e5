import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { findBounds } from './split-ranges.ts';

const key = { name: 'id', type: 'LONG' } as const;
const isCount = (sql: string) => sql.startsWith('SELECT COUNT');
const offsetOf = (sql: string) => Number(/OFFSET (\d+)$/.exec(sql)?.[1]);

test('borders are asked for a few at a time, and stand in order whichever answer comes first', async () => {
  let [asking, most] = [0, 0];
  const bounds = await findBounds(key, 10, 'table', async (sql) => {
    if (isCount(sql)) return '100';
    most = Math.max(most, (asking += 1));
    // Of those that are on their way together the last one is answered first.
    await sleep(100 - offsetOf(sql));
    asking -= 1;
    return String(offsetOf(sql));
  });
  assert.deepEqual(bounds, ['10', '20', '30', '40', '50', '60', '70', '80', '90']);
  assert.equal(most, 4);
});

test('after a border that cannot be asked for none is asked for, and none is on its way when that is told', async () => {
  const [begun, ended]: [number[], number[]] = [[], []];
  const asked = findBounds(key, 50, 'table', async (sql) => {
    if (isCount(sql)) return '5000';
    begun.push(offsetOf(sql));
    await sleep(offsetOf(sql) === 200 ? 1 : 20);
    ended.push(offsetOf(sql));
    if (offsetOf(sql) === 200) throw new Error('No.');
    return String(offsetOf(sql));
  });
  await assert.rejects(asked, { message: 'No.' });
  assert.deepEqual(begun, [100, 200, 300, 400]);
  assert.deepEqual(
    ended.toSorted((a, b) => a - b),
    begun,
  );
});

test('keys that are empty, come twice or hold a backslash are no borders', async () => {
  const answers = [null, 'a', 'a', 'b\\c', 'd'];
  const text = { name: 'key', type: 'STRING' } as const;
  const bounds = await findBounds(text, 6, 'table', async (sql) =>
    isCount(sql) ? '60' : (answers[offsetOf(sql) / 10 - 1] ?? null),
  );
  assert.deepEqual(bounds, ['a', 'd']);
});
