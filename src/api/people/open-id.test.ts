import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { providerClient } from '../../../test/servers/open-id-provider.ts';
import { openIdRig } from '../../../test/servers/open-id-rig.ts';
import { openBothStores } from '../../../test/servers/store-places.ts';
import { listAudit } from '../../store/audit.ts';
import { sessionCookie } from '../../contract/sign-in.ts';

const { provider, logged, known, serverOf, begin, finish, signIn, whoAmI } = await openIdRig();

for (const { name, store } of await openBothStores()) {
  const db = store.kysely;

  describe(`sign-in through OpenID Connect on the ${name}`, () => {
    const server = serverOf(db);

    test('a person of the provider gets a session, and is the same the next time', async () => {
      const ann = known('ann', { name: 'Ann Lee' });
      const first = await signIn(server, ann);
      assert.deepEqual([first.outcome, first.headers.location], [303, '/api']);
      const person = await whoAmI(server, first.session);
      assert.deepEqual([person.name, person.email, person.role], ['Ann Lee', 'ann@example.com', 'viewer']);
      known('ann', { email: 'ann@elsewhere.example' });
      const second = await signIn(server, ann);
      assert.equal((await whoAmI(server, second.session)).id, person.id);
      const deeds = await listAudit(db, { target: person.id, limit: 9 });
      assert.deepEqual(
        deeds.map(({ action, details }) => [action, details['by']]),
        [
          ['session.begin', 'openid'],
          ['session.begin', 'openid'],
          ['person.create', 'openid'],
        ],
      );
    });

    test('the provider is asked with state, nonce and PKCE, and nothing of the secret is in the address', async () => {
      const { page, cookie } = await begin(server);
      const asked = new URL(page).searchParams;
      assert.equal(asked.get('code_challenge_method'), 'S256');
      assert.equal(asked.get('redirect_uri'), providerClient.callback);
      const values = ['state', 'nonce', 'code_challenge'].map((one) => asked.get(one)!);
      assert.equal(new Set(values).size, 3);
      for (const value of values) assert.ok(value.length >= 43 && !cookie.includes(value));
      const again = new URL((await begin(server)).page).searchParams;
      assert.notEqual(again.get('state'), values[0]);
    });

    test('cookies are Secure, HttpOnly and of this host; the one of the way is dropped at its end', async () => {
      const { headers, cookies } = await signIn(server, known('bo'));
      for (const line of [headers['set-cookie'] ?? []].flat())
        assert.match(line, /^__Host-[^;]+; Max-Age=\d+; Path=\/; Secure; HttpOnly; SameSite=Lax$/);
      assert.equal(cookies.get('__Host-writeback-sign-in'), '');
    });

    test('an answer that this browser did not ask for begins nothing', async () => {
      const mallory = known('mallory');
      const [own, other] = [await begin(server), await begin(server)];
      const back = await provider.signIn(own.page, mallory);
      const forged = new URL(back);
      forged.searchParams.set('state', 'x'.repeat(43));
      for (const [url, cookie] of [
        [back, ''],
        [back, other.cookie],
        [forged, own.cookie],
      ] as const) {
        const { outcome, cookies } = await finish(server, url, cookie);
        assert.equal(outcome, 'sign-in-mismatch');
        assert.equal(cookies.get(sessionCookie), undefined);
      }
    });

    test('a token for another nonce, and a code for another verifier, are refused', async () => {
      for (const [parameter, code] of [
        ['nonce', 'sign-in-mismatch'],
        ['code_challenge', 'sign-in-over'],
      ] as const) {
        const { page, cookie } = await begin(server);
        const changed = new URL(page);
        changed.searchParams.set(parameter, 'y'.repeat(43));
        const back = await provider.signIn(changed.href, known('cy'));
        assert.equal((await finish(server, back, cookie)).outcome, code);
      }
    });

    test('a token that the provider’s keys did not sign is refused', async () => {
      provider.wrongKeys = true;
      const { outcome, cookies } = await signIn(serverOf(db), known('fern'));
      provider.wrongKeys = false;
      assert.deepEqual([outcome, cookies.get(sessionCookie)], ['sign-in-mismatch', undefined]);
      assert.match(logged.at(-1)!, /signature/);
      assert.equal((await signIn(serverOf(db), 'fern')).outcome, 303);
    });

    test('a code works once, and not when it has expired', async () => {
      const { page, cookie } = await begin(server);
      const back = await provider.signIn(page, known('di'));
      assert.equal((await finish(server, back, cookie)).outcome, 303);
      const again = await finish(server, back, cookie);
      assert.deepEqual([again.status, again.outcome], [401, 'sign-in-over']);
      provider.codeLife = 1;
      const late = await begin(server);
      const tooLate = await provider.signIn(late.page, 'di');
      provider.codeLife = 60;
      await sleep(1_100);
      assert.equal((await finish(server, tooLate, late.cookie)).outcome, 'sign-in-over');
    });

    test('a person whose sign-in failed is told on a page, which leads back to its beginning', async () => {
      const url = '/api/sign-in/openid/callback?error=access_denied';
      const { statusCode, body } = await server.inject({ url, headers: { accept: 'text/html' } });
      assert.equal(statusCode, 401);
      assert.match(body, /role="alert">This is not the answer [^]*href="\/api\/sign-in\/openid"/);
    });

    test('who says no at the provider is told so', async () => {
      const { status, outcome } = await signIn(server, undefined);
      assert.deepEqual([status, outcome], [403, 'sign-in-provider-refused']);
    });

    test('passwords may be switched off, and then let nobody in', async () => {
      const without = serverOf(db, {}, false);
      assert.deepEqual((await without.inject('/api/sign-in')).json(), { password: false, openId: true });
      const payload = { email: 'ann@example.com', password: 'correct horse battery staple' };
      const answer = await without.inject({ method: 'POST', url: '/api/session', payload });
      assert.deepEqual([answer.statusCode, answer.json().code], [403, 'sign-in-password-off']);
    });

    test('a provider that is down is asked again, and keeps nothing else from working', async () => {
      const late = serverOf(db);
      await provider.close();
      const answer = await late.inject('/api/sign-in/openid');
      assert.deepEqual([answer.statusCode, answer.json().code], [503, 'sign-in-provider-unavailable']);
      assert.match(answer.json().detail, /cannot be asked at present/);
      assert.doesNotMatch(answer.body, /127\.0\.0\.1/);
      assert.match(logged.at(-1)!, /connection refused/);
      assert.equal((await late.inject('/api/sign-in')).statusCode, 200);
      await provider.listen();
      const { page, cookie } = await begin(late);
      const back = await provider.signIn(page, known('oz'));
      await provider.close();
      assert.equal((await finish(late, back, cookie)).outcome, 'sign-in-provider-unavailable');
      await provider.listen();
      assert.equal((await finish(late, back, cookie)).outcome, 303, 'the code was not spent');
    });

    test('too many answers from one network are not looked at', async () => {
      const busy = serverOf(db);
      const statuses = new Set<number>();
      for (let n = 0; n < 121; n += 1)
        statuses.add((await busy.inject('/api/sign-in/openid/callback?code=guess&state=guess')).statusCode);
      assert.deepEqual([...statuses], [401, 429]);
    });

    test('no secret and no token stands in the log', () => {
      assert.doesNotMatch(logged.join('\n'), /a secret of the provider|eyJ|code=/);
    });
  });
}
