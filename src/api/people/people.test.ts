import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { openBothStores, quiet } from '../../../test/servers/store-places.ts';
import { peopleEndpoints } from '../../contract/people.ts';
import { sessionCookie } from '../../contract/sign-in.ts';
import { firstBrokenAudit, listAudit } from '../../store/audit.ts';
import { identify } from '../identify.ts';
import { serve } from '../serve.ts';
import { apiKeyHandlers } from './api-keys.ts';
import { peopleHandlers } from './people.ts';
import { sessionHandlers } from './sessions.ts';

const setupToken = 'the-token-of-the-link';
const password = 'correct horse battery staple';
const ada = { name: 'Ada', email: 'Ada@example.com', password };

for (const { name, store } of await openBothStores()) {
  const db = store.kysely;

  describe(`people, sessions and keys on the ${name}`, () => {
    const server = serve({
      contract: peopleEndpoints,
      handlers: { ...peopleHandlers(db, setupToken), ...sessionHandlers(db), ...apiKeyHandlers(db) },
      identify: (request) => identify(db, request),
      log: quiet,
    });
    after(() => server.close());
    let nextAddress = 0;

    async function call(
      method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
      url: string,
      body?: object,
      sign: object = {},
    ) {
      nextAddress += 1;
      const answer = await server.inject({
        method,
        url: `/api${url}`,
        headers: { ...sign },
        remoteAddress: `198.51.${nextAddress >> 8}.${nextAddress & 255}`,
        ...(body && { payload: body }),
      });
      const cookie = String(answer.headers['set-cookie'] ?? '');
      const [, token = ''] = new RegExp(`^${sessionCookie}=([^;]*)`).exec(cookie) ?? [];
      const session = { cookie: `other=1; ${sessionCookie}=${token}` };
      return {
        status: answer.statusCode,
        body: answer.body === '' ? null : answer.json(),
        cookie,
        session,
        headers: answer.headers,
      };
    }

    const signIn = async (email: string) => (await call('POST', '/session', { email, password })).session;
    let admin = {};

    test('the link of the first start makes one administrator and no second', async () => {
      assert.equal((await call('POST', '/setup', { ...ada, token: 'wrong' })).status, 403);
      const tries = await Promise.all(
        [1, 2, 3].map((n) => call('POST', '/setup', { ...ada, email: `a${n}@x.org`, token: setupToken })),
      );
      assert.deepEqual(tries.filter(({ status }) => status === 403).length, 2);
      const first = tries.find(({ status }) => status === 201)!;
      assert.match(first.cookie, /; Path=\/; Secure; HttpOnly; SameSite=Lax$/);
      assert.deepEqual((await call('GET', '/session', undefined, first.session)).body, first.body);
      assert.equal(first.body.role, 'admin');
      assert.equal('passwordHash' in first.body, false);
      admin = first.session;
    });

    test('a wrong password, an unknown address and a disabled person are answered alike', async () => {
      const made = await call('POST', '/people', { ...ada, role: 'editor' }, admin);
      assert.equal(made.status, 201);
      const gone = await call('POST', '/people', { ...ada, email: 'gone@x.org', role: 'viewer' }, admin);
      assert.equal(
        (await call('PATCH', `/people/${gone.body.id}`, { disabled: true }, admin)).body.disabled,
        true,
      );
      const refused = await Promise.all([
        call('POST', '/session', { email: ada.email, password: 'wrong' }),
        call('POST', '/session', { email: 'nobody@x.org', password }),
        call('POST', '/session', { email: 'gone@x.org', password }),
      ]);
      assert.equal(new Set(refused.map(({ status, body }) => `${status} ${JSON.stringify(body)}`)).size, 1);
      assert.equal(refused[0].status, 401);
      assert.equal((await call('POST', '/session', { email: 'ada@EXAMPLE.com', password })).status, 200);
    });

    test('an address is taken once', async () => {
      const again = await call(
        'POST',
        '/people',
        { ...ada, email: 'ADA@example.com', role: 'viewer' },
        admin,
      );
      assert.deepEqual(
        [again.status, again.body.code, again.body.errors[0].path],
        [409, 'person-email-conflict', 'email'],
      );
    });

    test('signing out ends the session, and everywhere ends all of them', async () => {
      const [one, two] = [await signIn(ada.email), await signIn(ada.email)];
      assert.equal((await call('DELETE', '/session', undefined, one)).status, 204);
      assert.equal((await call('GET', '/session', undefined, one)).status, 401);
      assert.equal((await call('GET', '/session', undefined, two)).status, 200);
      assert.equal((await call('DELETE', '/session?everywhere=true', undefined, two)).status, 204);
      assert.equal((await call('GET', '/session', undefined, two)).status, 401);
    });

    test('a changed role ends the sessions that had the old one', async () => {
      const { body: person } = await call(
        'POST',
        '/people',
        { ...ada, email: 'bo@x.org', role: 'editor' },
        admin,
      );
      const session = await signIn('bo@x.org');
      await call('PATCH', `/people/${person.id}`, { role: 'viewer' }, admin);
      assert.equal((await call('GET', '/session', undefined, session)).status, 401);
    });

    test('who signs in anew in the same browser ends what was before', async () => {
      const before = await signIn('bo@x.org');
      const { session } = await call('POST', '/session', { email: 'bo@x.org', password }, before);
      assert.equal((await call('GET', '/session', undefined, before)).status, 401);
      assert.equal((await call('GET', '/session', undefined, session)).status, 200);
    });

    test('the last administrator stays', async () => {
      const { body: me } = await call('GET', '/session', undefined, admin);
      for (const change of [{ disabled: true }, { role: 'viewer' }])
        assert.equal((await call('PATCH', `/people/${me.id}`, change, admin)).body.code, 'person-last-admin');
      assert.equal((await call('GET', '/session', undefined, admin)).status, 200);
    });

    test('a new password needs the old one and ends the other sessions', async () => {
      await call('POST', '/people', { ...ada, email: 'cy@x.org', role: 'viewer' }, admin);
      const [here, there] = [await signIn('cy@x.org'), await signIn('cy@x.org')];
      const change = (current: string, next = 'another long password') =>
        call('PUT', '/session/password', { current, password: next }, here);
      assert.equal((await change('not the one')).status, 401);
      assert.equal((await change(password, 'short')).status, 400);
      const { status, session } = await change(password);
      assert.equal(status, 204);
      assert.equal((await call('GET', '/session', undefined, there)).status, 401);
      assert.equal((await call('GET', '/session', undefined, session)).status, 200);
    });

    test('guessing is slowed down by account, whatever the network', async () => {
      await call('POST', '/people', { ...ada, email: 'di@x.org', role: 'viewer' }, admin);
      const guess = () => call('POST', '/session', { email: 'di@x.org', password: 'guess' });
      const statuses: number[] = [];
      for (let n = 0; n < 6; n += 1) statuses.push((await guess()).status);
      assert.deepEqual(statuses, [401, 401, 401, 401, 401, 429]);
      assert.match(String((await guess()).headers['retry-after']), /^\d+$/);
    });

    test('a key is shown once, may what it was made for, and cannot make others', async () => {
      const made = await call('POST', '/api-keys', { name: 'ci', permissions: ['read', 'signedIn'] }, admin);
      assert.equal(made.status, 201);
      const key = { authorization: `Bearer ${made.body.key}` };
      assert.equal((await call('GET', '/people', undefined, key)).status, 200);
      assert.equal(
        (await call('POST', '/people', { ...ada, email: 'x@x.org', role: 'admin' }, key)).status,
        403,
      );
      assert.equal(
        (await call('POST', '/api-keys', { name: 'more', permissions: ['read'] }, key)).status,
        403,
      );
      assert.equal((await call('DELETE', `/api-keys/${made.body.id}`, undefined, key)).status, 403);
      const listed = await call('GET', '/api-keys', undefined, admin);
      assert.deepEqual(
        listed.body.items.map(({ name }: { name: string }) => name),
        ['ci'],
      );
      assert.doesNotMatch(JSON.stringify(listed.body), new RegExp(made.body.key));
      assert.equal((await call('DELETE', `/api-keys/${made.body.id}`, undefined, admin)).status, 204);
      assert.equal((await call('GET', '/people', undefined, key)).status, 401);
    });

    test('a key that signs out has ended, and no other with it', async () => {
      const make = async () => {
        const { body } = await call('POST', '/api-keys', { name: 'out', permissions: ['signedIn'] }, admin);
        return { authorization: `Bearer ${body.key}` };
      };
      const [one, other] = [await make(), await make()];
      assert.equal((await call('DELETE', '/session', undefined, one)).status, 204);
      assert.equal((await call('GET', '/session', undefined, one)).status, 401);
      assert.equal((await call('GET', '/session', undefined, other)).status, 200);
      assert.equal((await call('GET', '/session', undefined, admin)).status, 200);
      const [{ action } = {}] = await listAudit(db, { limit: 1 });
      assert.equal(action, 'api-key.delete');
    });

    test('nobody makes a key that may more than they do, or one that has ended', async () => {
      const session = await signIn(ada.email);
      const make = (body: object) =>
        call('POST', '/api-keys', { name: 'k', permissions: ['read'], ...body }, session);
      assert.equal((await make({ permissions: ['administer'] })).body.code, 'api-key-too-much');
      assert.equal((await make({ expiresAt: '2020-01-01T00:00:00Z' })).body.code, 'api-key-expired');
    });

    test('people come in pages', async () => {
      const first = await call('GET', '/people?limit=2', undefined, admin);
      const second = await call('GET', `/people?limit=2&after=${first.body.next}`, undefined, admin);
      const ids = [...first.body.items, ...second.body.items].map(({ id }: { id: string }) => id);
      assert.equal(new Set(ids).size, 4);
    });

    test('the audit log knows who did what, holds no password, and is unbroken', async () => {
      const entries = await listAudit(db, { limit: 200 });
      const actions = new Set(entries.map(({ action }) => action));
      for (const action of [
        'person.create',
        'person.change',
        'session.begin',
        'api-key.create',
        'api-key.delete',
      ])
        assert.ok(actions.has(action), action);
      assert.doesNotMatch(JSON.stringify(entries), /correct horse/);
      assert.equal(await firstBrokenAudit(db), undefined);
    });
  });
}
