import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openBothStores } from '../../test/servers/store-places.ts';
import { newPerson } from '../../test/servers/store-rows.ts';
import { findAccount, insertAccount } from '../store/account.ts';
import { findAlertChannel, insertAlertChannel } from '../store/alert-channel.ts';
import { masterKeysInUse } from '../store/master-keys-in-use.ts';
import { newId } from '../store/new-id.ts';
import { type KeyRing, newMasterKey } from './key-ring.ts';
import { rotateKeys } from './rotate-keys.ts';
import { openSecrets, sealSecrets } from './seal.ts';

const ring: KeyRing = [newMasterKey()];

for (const { name, store } of await openBothStores()) {
  test(`all accounts and alert channels are put under a new key on the ${name}`, async () => {
    const next = newMasterKey();
    const ids = Array.from({ length: 450 }, () => newId('account'));
    for (const id of ids) {
      const secrets = JSON.stringify(sealSecrets(ring, id, { password: `secret of ${id}` }));
      await insertAccount(store.kysely, { id, connector: 's3', name: 'A', credentials: '{}', secrets });
    }
    const channelId = newId('channel');
    const sealed = sealSecrets(ring, channelId, { webhookUrl: 'secret of Slack' });
    const { id: ownerId } = await newPerson(store.kysely);
    const channel = { id: channelId, kind: 'slack' as const, name: 'Team', ownerId, credentials: '{}' };
    await insertAlertChannel(store.kysely, { ...channel, secrets: JSON.stringify(sealed) });
    assert.deepEqual(await masterKeysInUse(store.kysely), [ring[0].id]);
    assert.equal(await rotateKeys(store.kysely, [next, ...ring]), ids.length + 1);
    assert.equal(await rotateKeys(store.kysely, [next, ...ring]), 0);
    assert.deepEqual(await masterKeysInUse(store.kysely), [next.id]);
    for (const id of ids) {
      const { secrets } = (await findAccount(store.kysely, id))!;
      assert.deepEqual(openSecrets([next], id, secrets as never), { password: `secret of ${id}` });
    }
    const { secrets } = (await findAlertChannel(store.kysely, channelId))!;
    assert.deepEqual(openSecrets([next], channelId, secrets as never), { webhookUrl: 'secret of Slack' });
  });
}
