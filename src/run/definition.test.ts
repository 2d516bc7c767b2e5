import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, describe, test } from 'node:test';
import {
  folderWriteback,
  keyRing,
  newAccount,
  newLocalDataset,
  registry,
} from '../../test/servers/saved-writeback.ts';
import { startDomoRig } from '../../test/servers/domo-rig.ts';
import { dataFolder, openBothStores, quiet, never } from '../../test/servers/store-places.ts';
import { newPerson } from '../../test/servers/store-rows.ts';
import { newMasterKey } from '../account/key-ring.ts';
import { createEgress } from '../egress/egress.ts';
import { share, unshare } from '../store/account-share.ts';
import { updateLocalDataset } from '../store/local-dataset.ts';
import { updatePerson } from '../store/person.ts';
import { checkOwnership } from './check-ownership.ts';
import { type Definition, assemble } from './definition.ts';

const stores = await openBothStores();
const folder = await dataFolder();
const rig = await startDomoRig();
after(() => rig.stand.stop());

for (const { name, store } of stores) {
  const db = store.kysely;
  const parts = { db, registry, keyRing, dataFolder: folder };
  const owning = { db, egress: createEgress(), log: quiet, signal: never };

  const refused = (definition: Definition, ownerId: string, code: string, field: string) =>
    assert.rejects(assemble(definition, { id: 'w', ownerId }, parts), { name: 'UserError', code, field });

  describe(`a definition on the ${name}`, { timeout: 600_000 }, () => {
    test('a local DataSet is put in place with its columns, and the account with its values', async () => {
      const { id, ownerId, definition } = await folderWriteback(db, { dataFolder: folder, out: '/out' });
      const writeback = await assemble(definition, { id, ownerId }, parts);
      assert.equal(writeback.id, id);
      assert.deepEqual(writeback.credentials, { folder: '/out' });
      assert.equal(writeback.source.kind, 'local');
      assert.ok(writeback.source.kind === 'local');
      assert.equal(writeback.source.columns?.['amount'], 'DECIMAL');
      assert.match(String(await readFile(writeback.source.values.path)), /^id,customer/);
    });

    test('a path of the person’s, an unknown DataSet and wrong details are refused where they stand', async () => {
      const { ownerId, definition } = await folderWriteback(db, { dataFolder: folder, out: '/out' });
      const { source } = definition;
      const withPath = { ...definition, source: { ...source, path: '/etc/passwd' } };
      await refused(withPath, ownerId, 'writeback-unknown-key', 'source.path');
      const unknown = { ...definition, source: { kind: 'local', datasetId: 'dataset_0' } };
      await refused(unknown, ownerId, 'writeback-dataset-unknown', 'source.datasetId');
      const details = { ...definition, details: { fileFormat: 'xml' } };
      await refused(details, ownerId, 'field-invalid', 'details.fileFormat');
    });

    test('an account must be there, of the right kind, and the owner’s or shared with the owner', async () => {
      const { ownerId, accountId, definition } = await folderWriteback(db, {
        dataFolder: folder,
        out: '/out',
      });
      const { accountId: _, ...without } = definition;
      await refused(without, ownerId, 'writeback-account-missing', 'accountId');
      const other = await newPerson(db);
      await refused(definition, other.id, 'writeback-account-unknown', 'accountId');
      await share(db, { accountId, personId: other.id, access: 'read' });
      await assemble(definition, { id: 'w', ownerId: other.id }, parts);
      await unshare(db, accountId, other.id);
      await refused(definition, other.id, 'writeback-account-unknown', 'accountId');
      const unknown = { ...definition, accountId: 'account_0' };
      await refused(unknown, ownerId, 'writeback-account-unknown', 'accountId');
      const domo = { connector: 'domo', credentials: rig.stand.account };
      const wrong = { ...definition, accountId: await newAccount(db, ownerId, domo) };
      await refused(wrong, ownerId, 'writeback-account-kind', 'accountId');
    });

    test('a Domo account is opened for the source, and its values are refused in the definition', async () => {
      const { ownerId, definition } = await folderWriteback(db, { dataFolder: folder, out: '/out' });
      const { clientId, clientSecret, baseUrl } = rig.stand.account;
      const { id: datasetId } = await rig.add('Sales');
      const sourceAccountId = await newAccount(db, ownerId, {
        connector: 'domo',
        credentials: { clientId, baseUrl },
        secrets: { clientSecret },
      });
      const domo = { ...definition, sourceAccountId, source: { kind: 'domo', datasetId } };
      const writeback = await assemble(domo, { id: 'w', ownerId }, parts);
      const { query: _query, ...values } = writeback.source.values;
      assert.deepEqual(values, { clientId, clientSecret, baseUrl, datasetId });
      await checkOwnership(writeback, domo, ownerId, owning);
      const typed = { ...domo, source: { ...domo.source, clientSecret: 'x' } };
      await refused(typed, ownerId, 'writeback-account-value', 'source.clientSecret');
      const { sourceAccountId: _, ...without } = domo;
      await refused(without, ownerId, 'writeback-account-missing', 'sourceAccountId');
    });

    test('a secret that is sealed with another key is refused with the place of its account', async () => {
      const { ownerId, definition } = await folderWriteback(db, { dataFolder: folder, out: '/out' });
      const account = { connector: 'mongodb', credentials: {}, secrets: { password: 'secret' } };
      const accountId = await newAccount(db, ownerId, account, [newMasterKey()]);
      const sealed = { ...definition, connector: 'mongodb', accountId };
      await refused(sealed, ownerId, 'seal-key-missing', 'credentials');
    });

    test('the owner of a writeback owns or co-owns the local DataSet, or is Admin', async () => {
      const { id, ownerId, accountId, definition } = await folderWriteback(db, {
        dataFolder: folder,
        out: '/out',
      });
      const other = await newPerson(db);
      await share(db, { accountId, personId: other.id, access: 'read' });
      const writeback = await assemble(definition, { id, ownerId: other.id }, parts);
      await checkOwnership(writeback, definition, ownerId, owning);
      const refusal = { name: 'UserError', code: 'writeback-not-owner', field: 'source.datasetId' };
      await assert.rejects(checkOwnership(writeback, definition, other.id, owning), refusal);
      const datasetId = String(definition.source['datasetId']);
      await updateLocalDataset(db, datasetId, { coOwnerIds: [other.id] });
      await checkOwnership(writeback, definition, other.id, owning);
      await updateLocalDataset(db, datasetId, { coOwnerIds: [] });
      await updatePerson(db, other.id, { role: 'admin' });
      await checkOwnership(writeback, definition, other.id, owning);
    });

    test('the user of a Domo client that does not own the DataSet is refused by Domo’s word', async () => {
      const person = await newPerson(db);
      const { id: datasetId } = await rig.stand.addDataset({
        name: 'Theirs',
        columns: [{ name: 'id', type: 'LONG' }],
        rows: [],
        readers: [12],
      });
      const client = { clientId: `client-${name}`, clientSecret: 'secret-of-12' };
      rig.stand.addUser({ id: 12, name: 'Eve', role: 'Privileged' });
      rig.stand.addClient({ ...client, userId: 12 });
      const { baseUrl } = rig.stand.account;
      const sourceAccountId = await newAccount(db, person.id, {
        connector: 'domo',
        credentials: { clientId: client.clientId, baseUrl },
        secrets: { clientSecret: client.clientSecret },
      });
      const accountId = await newAccount(db, person.id, {
        connector: 'folder',
        credentials: { folder: '/out' },
      });
      const definition = {
        name: 'Theirs',
        source: { datasetId },
        sourceAccountId,
        connector: 'folder',
        accountId,
      };
      const writeback = await assemble(definition, { id: 'w', ownerId: person.id }, parts);
      await assert.rejects(checkOwnership(writeback, definition, person.id, owning), {
        code: 'domo-not-owner',
        field: 'sourceAccountId',
      });
    });

    test('rows without a header of their own keep the types they were saved with', async () => {
      const person = await newPerson(db);
      const datasetId = await newLocalDataset(db, person.id, folder, Buffer.from('a,b\n1,2\n'));
      const accountId = await newAccount(db, person.id, {
        connector: 'folder',
        credentials: { folder: '/out' },
      });
      const source = { kind: 'local', datasetId, query: 'select b from tbl' };
      const definition = { name: 'Two', source, connector: 'folder', accountId };
      const writeback = await assemble(definition, { id: 'w', ownerId: person.id }, parts);
      assert.ok(writeback.source.kind === 'local');
      assert.deepEqual(writeback.source.columns, { a: 'STRING', b: 'STRING' });
      assert.equal(writeback.source.values.query, 'select b from tbl');
    });
  });
}
