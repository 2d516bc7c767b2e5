import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openBothStores } from '../../test/servers/store-places.ts';
import { findAccount, insertAccount, masterKeysInUse } from '../store/account.ts';
import { newId } from '../store/new-id.ts';
import { type KeyRing, newMasterKey } from './key-ring.ts';
import { rotateKeys } from './rotate-keys.ts';
import { openSecrets, sealSecrets } from './seal.ts';

const ring: KeyRing = [newMasterKey()];

for (const { name, store } of await openBothStores()) {
  test(`all accounts are put under a new key on the ${name}`, async () => {
    const next = newMasterKey();
    const ids = Array.from({ length: 450 }, () => newId('account'));
    for (const id of ids) {
      const secrets = JSON.stringify(sealSecrets(ring, id, { password: `secret of ${id}` }));
      await insertAccount(store.kysely, { id, connector: 's3', name: 'A', credentials: '{}', secrets });
    }
    assert.deepEqual(await masterKeysInUse(store.kysely), [ring[0].id]);
    assert.equal(await rotateKeys(store.kysely, [next, ...ring]), ids.length);
    assert.equal(await rotateKeys(store.kysely, [next, ...ring]), 0);
    assert.deepEqual(await masterKeysInUse(store.kysely), [next.id]);
    for (const id of ids) {
      const { secrets } = (await findAccount(store.kysely, id))!;
      assert.deepEqual(openSecrets([next], id, secrets as never), { password: `secret of ${id}` });
    }
  });
}
