import assert from 'node:assert/strict';
import { chmod, copyFile, rm } from 'node:fs/promises';
import { test } from 'node:test';
import { dataFolder, openTestStore, storePlaces } from '../../test/servers/store-places.ts';
import { insertAccount } from '../store/account.ts';
import { newId } from '../store/new-id.ts';
import { newMasterKey } from './key-ring.ts';
import { keyFile, openKeyRing } from './open-key-ring.ts';
import { rotateKeys } from './rotate-keys.ts';
import { sealSecrets } from './seal.ts';

const { kysely: db } = await openTestStore(await storePlaces['own PostgreSQL']!());
const [first, second] = [await dataFolder(), await dataFolder()];

const missing = { code: 'seal-key-missing' };

test('the first machine makes the key, and another one is told to bring it', async () => {
  const ring = await openKeyRing(db, undefined, first);
  assert.deepEqual(await openKeyRing(db, undefined, first), ring);
  await assert.rejects(openKeyRing(db, undefined, second), missing);
  await copyFile(keyFile(first), keyFile(second));
  await chmod(keyFile(second), 0o600);
  assert.deepEqual(await openKeyRing(db, undefined, second), ring);
  await assert.rejects(openKeyRing(db, newMasterKey().bytes.toString('base64'), first), missing);
});

test('a key that is gone is told at the start', async () => {
  await rm(keyFile(second));
  await assert.rejects(openKeyRing(db, undefined, second), missing);
});

test('after a rotation both keys are needed until all is sealed anew, then the new one alone', async () => {
  const [old] = await openKeyRing(db, undefined, first);
  const next = newMasterKey();
  const text = (...keys: { bytes: Buffer }[]) => keys.map(({ bytes }) => bytes.toString('base64')).join(' ');
  const id = newId('account');
  const secrets = JSON.stringify(sealSecrets([old], id, { password: 'secret' }));
  await insertAccount(db, { id, connector: 's3', name: 'A', credentials: '{}', secrets });
  await assert.rejects(openKeyRing(db, text(next), first), missing);
  const both = await openKeyRing(db, text(next, old), first);
  assert.equal(await rotateKeys(db, both), 1);
  await assert.rejects(openKeyRing(db, text(old), first), missing);
  assert.deepEqual(await openKeyRing(db, text(next), first), [next]);
});
