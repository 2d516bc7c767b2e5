import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { openBothStores } from '../../test/servers/store-places.ts';
import { newPerson, newWriteback } from '../../test/servers/store-rows.ts';
import { findAccess, listShares, share, unshare } from './account-share.ts';
import {
  accountsAfter,
  deleteAccount,
  findAccount,
  insertAccount,
  listAccountsOf,
  updateAccount,
} from './account.ts';
import {
  deleteLocalDataset,
  findLocalDataset,
  insertLocalDataset,
  listLocalDatasets,
  updateLocalDataset,
} from './local-dataset.ts';
import { masterKeysInUse } from './master-keys-in-use.ts';
import { newId } from './new-id.ts';
import { updateWriteback } from './writeback.ts';

for (const { name, store } of await openBothStores()) {
  const db = store.kysely;

  describe(`accounts and DataSets on the ${name}`, () => {
    test('of two edits of the same version of an account the second is refused', async () => {
      const row = {
        id: newId('account'),
        connector: 's3',
        name: 'S3 Account',
        credentials: '{"region":"eu"}',
      };
      const { id } = await insertAccount(db, row);
      assert.equal((await updateAccount(db, id, 1, { name: 'Ours' }))?.version, 2);
      assert.equal(await updateAccount(db, id, 1, { name: 'Theirs' }), undefined);
      const found = await findAccount(db, id);
      assert.equal(found?.name, 'Ours');
      assert.deepEqual(found?.credentials, { region: 'eu' });
      assert.deepEqual(await accountsAfter(db, id, 1), []);
    });

    test('an account is seen by whom it is shared with', async () => {
      const { id: personId } = await newPerson(db);
      const row = { id: newId('account'), connector: 'sftp', name: 'SFTP Account', credentials: '{}' };
      const { id: accountId } = await insertAccount(db, row);
      assert.deepEqual(await listAccountsOf(db, personId), []);
      await share(db, { accountId, personId, access: 'read' });
      await share(db, { accountId, personId, access: 'edit' });
      assert.equal(await findAccess(db, accountId, personId), 'edit');
      assert.deepEqual(
        (await listAccountsOf(db, personId)).map(({ id, access }) => [id, access]),
        [[accountId, 'edit']],
      );
      assert.equal((await listShares(db, accountId)).length, 1);
      await unshare(db, accountId, personId);
      assert.equal(await findAccess(db, accountId, personId), undefined);
    });

    test('an account in use is not deleted; one that only deleted writebacks name is', async () => {
      const row = { id: newId('account'), connector: 'folder', name: 'A', credentials: '{}' };
      const { id: accountId } = await insertAccount(db, row);
      const { id } = await newWriteback(db);
      await updateWriteback(db, id, { accountId });
      await assert.rejects(deleteAccount(db, accountId), { code: '23503' });
      await updateWriteback(db, id, { deletedAt: new Date() });
      assert.equal(await deleteAccount(db, accountId), true);
      assert.equal(await deleteAccount(db, accountId), false);
    });

    test('the master keys in use are told', async () => {
      const seal = (key: string) => ({ v: 1, key, wrapped: '', text: '' });
      const secrets = JSON.stringify({ password: seal('k2'), token: seal('k1') });
      const row = { id: newId('account'), connector: 's3', name: 'K', credentials: '{}', secrets };
      await insertAccount(db, row);
      assert.deepEqual(await masterKeysInUse(db), ['k1', 'k2']);
    });

    test('a local DataSet is listed for its owner and co-owners', async () => {
      const [owner, co, other] = [await newPerson(db), await newPerson(db), await newPerson(db)];
      const { id } = await insertLocalDataset(db, {
        id: newId('dataset'),
        name: 'Sales',
        ownerId: owner.id,
        coOwnerIds: [co.id],
        columns: JSON.stringify([{ name: 'id', type: 'LONG' }]),
        rowCount: 5_000_000_000,
        byteCount: 1,
        file: 'x.csv',
      });
      assert.equal((await findLocalDataset(db, id))?.rowCount, 5_000_000_000);
      assert.deepEqual((await findLocalDataset(db, id))?.columns, [{ name: 'id', type: 'LONG' }]);
      for (const { id: person } of [owner, co]) assert.equal((await listLocalDatasets(db, person)).length, 1);
      assert.deepEqual(await listLocalDatasets(db, other.id), []);
      assert.equal((await updateLocalDataset(db, id, { coOwnerIds: [] }))?.coOwnerIds.length, 0);
      assert.deepEqual(await listLocalDatasets(db, co.id), []);
      assert.equal((await deleteLocalDataset(db, id))?.file, 'x.csv');
      assert.ok(!(await listLocalDatasets(db)).some((one) => one.id === id));
    });
  });
}
