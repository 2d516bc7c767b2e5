import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { apiRig } from '../../../test/servers/api-rig.ts';
import { startDataWorld } from '../../../test/servers/data-world-stand-in.ts';
import { startDomo } from '../../../test/servers/domo-stand-in.ts';
import { openBothStores } from '../../../test/servers/store-places.ts';
import { newPerson, newWriteback } from '../../../test/servers/store-rows.ts';
import { newMasterKey } from '../../account/key-ring.ts';
import { createRegistry } from '../../connector/registry.ts';
import { accountEndpoints } from '../../contract/accounts.ts';
import { dataWorldConnector } from '../../destination/data-world/data-world.ts';
import { sftpConnector } from '../../destination/sftp/sftp.ts';
import { createEgress } from '../../egress/egress.ts';
import { createLog } from '../../log.ts';
import { findAccount } from '../../store/account.ts';
import { listAudit } from '../../store/audit.ts';
import { findWriteback, updateWriteback } from '../../store/writeback.ts';
import { accountHandlers } from './accounts.ts';
import { shareHandlers } from './shares.ts';
import { testAccountHandler } from './test-account.ts';

const dataWorld = await startDataWorld();
const domo = await startDomo();
after(() => Promise.all([dataWorld.stop(), domo.stop()]));
const registry = createRegistry([dataWorldConnector, sftpConnector]);

for (const { name, store } of await openBothStores()) {
  const db = store.kysely;

  describe(`accounts on the ${name}`, async () => {
    const lines: string[] = [];
    const parts = {
      db,
      registry,
      keyRing: [newMasterKey()] as const,
      egress: createEgress(),
      log: createLog((line) => lines.push(line)),
    };
    const call = apiRig(accountEndpoints, {
      ...accountHandlers(parts),
      ...shareHandlers(db),
      testAccount: testAccountHandler(parts),
    });
    const [ann, bob, admin] = [
      await newPerson(db),
      await newPerson(db),
      { ...(await newPerson(db)), role: 'admin' as const },
    ];
    const files = { hostname: 'files.example.com', username: 'ann', password: 'p4ssw0rd-of-ann' };
    const make = async (credentials: object = files, connector = 'sftp') =>
      (await call(ann, 'POST', '/accounts', { connector, credentials })).body;

    test('it bears the connector’s name unless told, and its secret is never seen again', async () => {
      const made = await call(ann, 'POST', '/accounts', { connector: 'sftp', credentials: files });
      assert.equal(made.status, 201);
      assert.match(made.body.name, / Account$/);
      assert.deepEqual(made.body.secrets, ['password']);
      assert.equal(made.body.credentials.port, 22);
      const row = await findAccount(db, made.body.id);
      const listed = await call(ann, 'GET', '/accounts');
      const everything = JSON.stringify([made, row, listed, await listAudit(db, { limit: 50 }), lines]);
      assert.doesNotMatch(everything, /p4ssw0rd-of-ann/);
    });

    test('wrong values are refused with their place', async () => {
      const wrong = (credentials: object) =>
        call(ann, 'POST', '/accounts', { connector: 'sftp', credentials });
      const unknown = await wrong({ ...files, pasword: 'x' });
      assert.deepEqual([unknown.status, unknown.body.errors[0].path], [422, 'credentials.pasword']);
      const missing = await wrong({ hostname: 'x' });
      assert.equal(missing.body.errors[0].path, 'credentials.username');
      assert.equal(
        (await call(ann, 'POST', '/accounts', { connector: 'ftp', credentials: {} })).body.code,
        'connector-unknown',
      );
    });

    test('another host clears the secret', async () => {
      const { id } = await make();
      const moved = await call(ann, 'PATCH', `/accounts/${id}`, {
        credentials: { hostname: 'evil.example.com' },
      });
      assert.equal(moved.status, 200);
      assert.deepEqual(moved.body.secrets, []);
      const renamed = await call(ann, 'PATCH', `/accounts/${(await make()).id}`, {
        credentials: { username: 'bob' },
      });
      assert.deepEqual(renamed.body.secrets, ['password']);
    });

    test('who was not given access does not learn that it is there', async () => {
      const { id } = await make();
      for (const [method, url, body] of [
        ['GET', '', undefined],
        ['PATCH', '', { name: 'mine' }],
        ['DELETE', '', undefined],
        ['POST', '/test', {}],
        ['GET', '/shares', undefined],
        ['PUT', '/shares', { personId: bob.id, access: 'owner' }],
      ] as const)
        assert.equal(
          (await call(bob, method, `/accounts/${id}${url}`, body)).status,
          404,
          `${method} ${url}`,
        );
      assert.deepEqual((await call(bob, 'GET', '/accounts')).body.items, []);
      assert.equal((await call(admin, 'GET', `/accounts/${id}`)).body.access, 'owner');
    });

    test('access goes as far as it was given', async () => {
      const { id } = await make();
      const give = (access: string, to = bob.id, by: typeof ann | typeof admin = ann) =>
        call(by, 'PUT', `/accounts/${id}/shares`, { personId: to, access });
      assert.equal((await give('read')).status, 200);
      assert.equal((await call(bob, 'GET', `/accounts/${id}`)).body.access, 'read');
      assert.equal((await call(bob, 'PATCH', `/accounts/${id}`, { name: 'b' })).status, 403);
      assert.equal((await give('read', admin.id, bob)).status, 403);
      await give('share');
      assert.equal((await give('read', admin.id, bob)).status, 200);
      assert.equal((await give('edit', admin.id, bob)).status, 403, 'sharing gives no more than it has');
      assert.equal((await give('none', ann.id, bob)).status, 403, 'sharing takes nothing from an owner');
      await give('edit');
      assert.equal((await call(bob, 'PATCH', `/accounts/${id}`, { name: 'b' })).status, 200);
      assert.equal((await call(bob, 'DELETE', `/accounts/${id}`)).status, 403);
      assert.equal((await give('none', ann.id)).body.code, 'account-last-owner');
      await give('owner');
      assert.equal((await give('none', ann.id)).status, 200);
      assert.equal((await call(ann, 'GET', `/accounts/${id}`)).status, 404);
    });

    test('deleting says which writebacks would stop, and stops them', async () => {
      const { id } = await make();
      const writeback = await newWriteback(db, ann.id);
      await updateWriteback(db, writeback.id, { accountId: id });
      assert.equal((await call(ann, 'GET', `/accounts/${id}`)).body.usedBy, 1);
      const refused = await call(ann, 'DELETE', `/accounts/${id}`);
      assert.equal(refused.status, 409);
      assert.match(refused.body.detail, /Sales/);
      assert.equal((await call(ann, 'DELETE', `/accounts/${id}?evenIfUsed=true`)).status, 204);
      const stopped = await findWriteback(db, writeback.id);
      assert.equal(stopped?.state, 'paused');
      assert.match(stopped?.pausedBecause ?? '', /was deleted/);
    });

    test('a Domo account that is deleted leaves the account of the destination', async () => {
      const [{ id: source }, { id: destination }] = [await make(), await make()];
      const writeback = await newWriteback(db, ann.id);
      await updateWriteback(db, writeback.id, { accountId: destination, sourceAccountId: source });
      assert.equal((await call(ann, 'GET', `/accounts/${source}`)).body.usedBy, 1);
      assert.equal((await call(ann, 'DELETE', `/accounts/${source}`)).status, 409);
      assert.equal((await call(ann, 'DELETE', `/accounts/${source}?evenIfUsed=true`)).status, 204);
      const stopped = await findWriteback(db, writeback.id);
      assert.deepEqual(
        [stopped?.state, stopped?.accountId, stopped?.sourceAccountId],
        ['paused', destination, null],
      );
    });

    test('two edits that meet: one is refused, none is lost', async () => {
      const { id } = await make();
      const answers = await Promise.all(
        [1, 2, 3].map((n) => call(ann, 'PATCH', `/accounts/${id}`, { name: `n${n}` })),
      );
      const { body } = await call(ann, 'GET', `/accounts/${id}`);
      assert.ok(answers.some((answer) => answer.status === 200 && answer.body.name === body.name));
      for (const answer of answers) assert.ok([200, 409].includes(answer.status));
    });

    test('a test of the connection shows its steps and is kept', async () => {
      const { id } = await make({ apiToken: dataWorld.token, apiUrl: dataWorld.url }, 'data-world');
      const details = { dataWorldDataset: 'tester/sandbox', fileName: 'sales' };
      const tested = await call(ann, 'POST', `/accounts/${id}/test`, { details });
      assert.equal(tested.body.ok, true, JSON.stringify(tested.body));
      assert.equal((await call(ann, 'GET', `/accounts/${id}`)).body.lastTest.ok, true);
      const { id: wrong } = await make({ apiToken: 'not-the-token', apiUrl: dataWorld.url }, 'data-world');
      const failed = await call(ann, 'POST', `/accounts/${wrong}/test`, { details });
      assert.equal(failed.body.ok, false);
      assert.ok(failed.body.steps.at(-1).remedy);
      assert.doesNotMatch(JSON.stringify([failed, lines]), /not-the-token/);
    });

    test('a Domo account is an account like any other', async () => {
      const { clientId, clientSecret } = domo.account;
      const { id } = await make({ clientId, clientSecret, baseUrl: domo.baseUrl }, 'domo');
      assert.equal((await call(ann, 'POST', `/accounts/${id}/test`)).body.ok, true);
      const bad = await make({ clientId, clientSecret: 'wrong-secret', baseUrl: domo.baseUrl }, 'domo');
      assert.equal((await call(ann, 'POST', `/accounts/${bad.id}/test`, {})).body.ok, false);
    });

    test('lists are sorted and come in pages', async () => {
      const sorted = await call(ann, 'GET', '/accounts?sort=createdAt&limit=200');
      const times = sorted.body.items.map(({ createdAt }: { createdAt: string }) => createdAt);
      assert.deepEqual(times, times.toSorted());
      const first = await call(ann, 'GET', '/accounts?limit=2&connector=sftp');
      const second = await call(ann, 'GET', `/accounts?limit=2&connector=sftp&after=${first.body.next}`);
      const ids = [...first.body.items, ...second.body.items].map(({ id }: { id: string }) => id);
      assert.equal(new Set(ids).size, 4);
    });
  });
}
