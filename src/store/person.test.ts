import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { sql } from 'kysely';
import { openBothStores } from '../../test/servers/store-places.ts';
import { newPerson } from '../../test/servers/store-rows.ts';
import { findApiKey, insertApiKey, listApiKeys, revokeApiKey, touchApiKey } from './api-key.ts';
import { isDuplicate } from './explain-store-error.ts';
import { beginOnce, deleteOldKeys, finishOnce, forgetOnce } from './idempotency-key.ts';
import { newId } from './new-id.ts';
import {
  countAdmins,
  findPerson,
  findPersonByEmail,
  findPersonByOidc,
  listPeople,
  updatePerson,
} from './person.ts';
import {
  deleteExpiredSessions,
  deleteSession,
  deleteSessionsOf,
  findSession,
  insertSession,
  touchSession,
} from './session.ts';

const minute = 60_000;

for (const { name, store } of await openBothStores()) {
  const db = store.kysely;

  describe(`people on the ${name}`, () => {
    test('64-bit counts are numbers, times are dates', async () => {
      const { rows } = await sql<{
        big: unknown;
        at: unknown;
      }>`select 9007199254740991 as big, now() as at`.execute(db);
      assert.equal(rows[0]?.big, Number.MAX_SAFE_INTEGER);
      assert.ok(rows[0]?.at instanceof Date);
    });

    test('a person is found by address without regard to case, and by OIDC subject', async () => {
      const ann = await newPerson(db, 'Ann@Example.com');
      assert.equal((await findPersonByEmail(db, 'ann@example.COM'))?.id, ann.id);
      await assert.rejects(newPerson(db, 'ANN@example.com'), (error) => isDuplicate(error, 'person_email'));
      await updatePerson(db, ann.id, { oidcIssuer: 'https://id', oidcSubject: '7' });
      assert.equal((await findPersonByOidc(db, 'https://id', '7'))?.id, ann.id);
      assert.equal(await findPersonByOidc(db, 'https://other', '7'), undefined);
      assert.ok((await listPeople(db)).some(({ id }) => id === ann.id));
    });

    test('only administrators who are not disabled count', async () => {
      const before = await countAdmins(db);
      const { id } = await newPerson(db);
      assert.equal((await updatePerson(db, id, { role: 'admin' }))?.role, 'admin');
      assert.equal(await countAdmins(db), before + 1);
      await updatePerson(db, id, { disabledAt: new Date() });
      assert.equal(await countAdmins(db), before);
      assert.equal(await updatePerson(db, 'person_nobody', { name: 'x' }), undefined);
      assert.ok((await findPerson(db, id))?.disabledAt);
    });

    test('a session ends by time, by idleness, and when its person signs out everywhere', async () => {
      const { id: personId } = await newPerson(db);
      const now = new Date();
      const later = new Date(now.getTime() + minute);
      const tokenHash = Buffer.from(newId('session'));
      const session = await insertSession(db, {
        id: newId('session'),
        personId,
        tokenHash,
        expiresAt: later,
      });
      const idleSince = new Date(now.getTime() - minute);
      assert.equal((await findSession(db, tokenHash, now, idleSince))?.id, session.id);
      assert.equal(await findSession(db, tokenHash, later, idleSince), undefined);
      assert.equal(await findSession(db, tokenHash, now, later), undefined);
      await touchSession(db, session.id, new Date(later.getTime() + 1));
      assert.ok(await findSession(db, tokenHash, now, later));
      await deleteSessionsOf(db, personId);
      assert.equal(await findSession(db, tokenHash, now, idleSince), undefined);
    });

    test('sessions that are over are swept away, the others stay', async () => {
      const { id: personId } = await newPerson(db);
      const [old, fresh] = [Buffer.from(newId('session')), Buffer.from(newId('session'))];
      const now = new Date();
      const expired = {
        id: newId('session'),
        personId,
        tokenHash: old,
        expiresAt: new Date(now.getTime() - 1),
      };
      await insertSession(db, expired);
      const kept = {
        id: newId('session'),
        personId,
        tokenHash: fresh,
        expiresAt: new Date(now.getTime() + minute),
      };
      await insertSession(db, kept);
      await deleteExpiredSessions(db, now, new Date(0));
      const left = await db.selectFrom('session').select('id').where('personId', '=', personId).execute();
      assert.deepEqual(left, [{ id: kept.id }]);
      await deleteSession(db, kept.id);
      assert.equal(await findSession(db, fresh, now, new Date(0)), undefined);
    });

    test('an API key works until it expires or is revoked, and only its person revokes it', async () => {
      const [{ id: personId }, { id: other }] = [await newPerson(db), await newPerson(db)];
      const tokenHash = Buffer.from(newId('key'));
      const now = new Date();
      const expiresAt = new Date(now.getTime() + minute);
      const base = { name: 'CI', hint: 'x7Qa', scopes: ['runs', 'accounts'] };
      const { id } = await insertApiKey(db, { id: newId('key'), personId, tokenHash, expiresAt, ...base });
      assert.deepEqual((await findApiKey(db, tokenHash, now))?.scopes, ['runs', 'accounts']);
      assert.equal(await findApiKey(db, tokenHash, expiresAt), undefined);
      await touchApiKey(db, id, now);
      assert.deepEqual((await listApiKeys(db, personId))[0]?.usedAt, now);
      assert.equal(await revokeApiKey(db, id, other, now), false);
      assert.equal(await revokeApiKey(db, id, personId, now), true);
      assert.equal(await findApiKey(db, tokenHash, now), undefined);
    });

    test('of calls with the same idempotency key one begins, and the others get its answer', async () => {
      const { id: personId } = await newPerson(db);
      const call = { personId, key: 'k1', requestHash: Buffer.from('create') };
      const begun = await Promise.all([1, 2, 3].map(async () => beginOnce(db, call)));
      assert.equal(begun.filter((earlier) => earlier === undefined).length, 1);
      assert.equal(begun.find((earlier) => earlier)?.status, null, 'it is still at work');
      await finishOnce(db, call, 201, { id: 'writeback_1' });
      const again = await beginOnce(db, call);
      assert.deepEqual(
        [again?.status, again?.answer, again?.requestHash],
        [201, { id: 'writeback_1' }, call.requestHash],
      );
      await forgetOnce(db, call);
      assert.equal(await beginOnce(db, call), undefined, 'what failed may be tried again');
      await deleteOldKeys(db, new Date(Date.now() + minute));
      assert.equal(await beginOnce(db, call), undefined);
    });
  });
}
