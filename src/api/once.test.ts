import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keyRing } from '../../test/servers/saved-writeback.ts';
import { openTestStore, storePlaces } from '../../test/servers/store-places.ts';
import { newPerson } from '../../test/servers/store-rows.ts';
import { UserError } from '../errors.ts';
import { createOnce } from './once.ts';

const store = await openTestStore(await storePlaces['own PostgreSQL']!());
const { id: personId } = await newPerson(store.kysely);
const once = createOnce(store.kysely, keyRing);
const callOf = (key: string) => ({ personId, key, asked: 'run it', status: 202 });

test('what was refused may be asked again under its key, and is then done once', async () => {
  let done = 0;
  const work = async () => ({ done: (done += 1) });
  const refused = new UserError('account-not-found', 'There is no such account.');
  await assert.rejects(
    once(callOf('first'), () => Promise.reject(refused)),
    refused,
  );
  assert.deepEqual(await once(callOf('first'), work), { done: 1 });
  assert.deepEqual(await once(callOf('first'), work), { done: 1 });
});

test('what may have been done when the database went away is not done again under its key', async () => {
  const lost = Object.assign(new Error('terminating connection'), { code: '57P01' });
  await assert.rejects(
    once(callOf('second'), () => Promise.reject(lost)),
    lost,
  );
  const work = () => assert.fail('it was done again');
  await assert.rejects(once(callOf('second'), work), { code: 'idempotency-key-busy-conflict' });
});
