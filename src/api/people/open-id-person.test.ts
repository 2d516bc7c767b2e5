import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { openIdRig } from '../../../test/servers/open-id-rig.ts';
import { openBothStores } from '../../../test/servers/store-places.ts';
import { newPerson } from '../../../test/servers/store-rows.ts';
import { listAudit } from '../../store/audit.ts';
import { countAdmins, findPersonByEmail, findPersonByOidc, updatePerson } from '../../store/person.ts';

const { provider, known, serverOf, signIn, whoAmI } = await openIdRig();
const { issuer } = provider;

for (const { name, store } of await openBothStores()) {
  const db = store.kysely;

  describe(`who is let in through OpenID Connect on the ${name}`, () => {
    const server = serverOf(db);

    test('an address that is not verified is nobody', async () => {
      for (const email_verified of [false, undefined, 'no'])
        assert.equal(
          (await signIn(server, known('eve', { email_verified }))).outcome,
          'sign-in-address-unverified',
        );
      assert.equal((await signIn(server, known('eve', { email: undefined }))).outcome, 'sign-in-no-address');
      assert.equal(await findPersonByEmail(db, 'eve@example.com'), undefined);
      assert.equal((await signIn(server, known('eve', { email_verified: 'true' }))).outcome, 303);
    });

    test('a name that no database keeps is kept as far as it can be', async () => {
      const { session } = await signIn(server, known('odd', { name: ' O\0dd\ud83d ' }));
      assert.equal((await whoAmI(server, session)).name, 'Odd\ufffd');
      const nameless = await signIn(server, known('nameless', { name: '\0' }));
      assert.equal((await whoAmI(server, nameless.session)).name, 'nameless@example.com');
    });

    test('an operator may trust a provider that says nothing, but not one that says no', async () => {
      const trusting = serverOf(db, { trustAddresses: true });
      const fay = known('fay', { email_verified: false });
      assert.equal((await signIn(trusting, fay)).outcome, 'sign-in-address-unverified');
      assert.equal((await signIn(trusting, known('fay', { email_verified: undefined }))).outcome, 303);
    });

    test('a person who is here already is found by their verified address, once', async () => {
      const gil = await newPerson(db, 'Gil@Example.com');
      const { session } = await signIn(server, known('gil'));
      assert.equal((await whoAmI(server, session)).id, gil.id);
      assert.equal((await findPersonByOidc(db, issuer, 'gil'))?.id, gil.id);
      const [begun, linked] = await listAudit(db, { target: gil.id, limit: 2 });
      assert.deepEqual([begun?.action, linked?.action], ['session.begin', 'person.link']);
      // Their address was given to somebody else at the provider.
      const heir = known('gil-the-second', { email: 'gil@example.com' });
      assert.equal((await signIn(server, heir)).outcome, 'sign-in-address-taken');
      // The operator has moved to this provider from another one.
      await updatePerson(db, gil.id, { oidcIssuer: 'https://former.example.com' });
      assert.equal((await whoAmI(server, (await signIn(server, 'gil')).session)).id, gil.id);
    });

    test('somebody who signs in twice at once is one person', async () => {
      const hal = known('hal');
      const tries = await Promise.all([signIn(server, hal), signIn(server, hal)]);
      const ids = await Promise.all(tries.map(async ({ session }) => (await whoAmI(server, session)).id));
      assert.equal(new Set(ids).size, 1);
    });

    test('a disabled person is not let in, whether the provider knows them or not', async () => {
      const ida = await newPerson(db, 'ida@example.com');
      await updatePerson(db, ida.id, { disabledAt: new Date() });
      assert.equal((await signIn(server, known('ida'))).outcome, 'sign-in-disabled');
      assert.equal(await findPersonByOidc(db, issuer, 'ida'), undefined);
      await updatePerson(db, ida.id, { oidcIssuer: issuer, oidcSubject: 'ida' });
      assert.equal((await signIn(server, 'ida')).outcome, 'sign-in-disabled');
    });

    test('only the domains that the operator names, at each sign-in', async () => {
      const strict = serverOf(db, { domains: ['example.com'] });
      const kim = known('kim', { email: 'kim@sub.example.com' });
      assert.equal((await signIn(strict, kim)).outcome, 'sign-in-address-foreign');
      for (const email of ['kim@example.com.evil.org', 'kim@evil.org@example.com', '@example.com'])
        assert.notEqual((await signIn(strict, known('kim', { email }))).outcome, 303, email);
      assert.equal((await signIn(strict, known('kim', { email: 'kim@EXAMPLE.com' }))).outcome, 303);
      known('kim', { email: 'kim@elsewhere.example' });
      assert.equal((await signIn(strict, kim)).outcome, 'sign-in-address-foreign');
    });

    test('without a role for new people only those come in whom an administrator has created', async () => {
      const invited = serverOf(db, { defaultRole: undefined });
      assert.equal((await signIn(invited, known('lea'))).outcome, 'sign-in-unknown');
      const lea = await newPerson(db, 'lea@example.com');
      const { session } = await signIn(invited, 'lea');
      assert.deepEqual(await whoAmI(invited, session).then(({ id, role }) => [id, role]), [lea.id, 'editor']);
    });

    test('roles follow the groups at the provider, and the first rule that fits counts', async () => {
      const mapped = serverOf(db, {
        roles: [
          ['chiefs', 'admin'],
          ['data', 'editor'],
        ],
        defaultRole: undefined,
      });
      const mo = known('mo', { groups: ['data', 'chiefs'] });
      const first = await signIn(mapped, mo);
      assert.equal((await whoAmI(mapped, first.session)).role, 'admin');
      const root = await newPerson(db);
      await updatePerson(db, root.id, { role: 'admin' });
      const second = await signIn(mapped, known('mo', { groups: 'data' }));
      assert.equal((await whoAmI(mapped, second.session)).role, 'editor');
      assert.equal((await whoAmI(mapped, first.session)).code, 'api-not-signed-in', 'the role has changed');
      assert.equal((await signIn(mapped, known('mo', { groups: ['others'] }))).outcome, 'sign-in-no-role');
      assert.equal((await signIn(mapped, known('mo'))).outcome, 'sign-in-no-role');
    });

    test('the last administrator stays one, whatever their groups', async () => {
      await db.updateTable('person').set({ role: 'viewer' }).where('role', '=', 'admin').execute();
      const mapped = serverOf(db, { roles: [['chiefs', 'admin']], defaultRole: 'viewer' });
      await signIn(mapped, known('nan', { groups: ['chiefs'] }));
      assert.equal(await countAdmins(db), 1);
      const { session } = await signIn(mapped, known('nan'));
      assert.equal((await whoAmI(mapped, session)).role, 'admin');
    });
  });
}
