import { after } from 'node:test';
import assert from 'node:assert/strict';
import { identify } from '../../src/api/identify.ts';
import { apiKeyHandlers } from '../../src/api/people/api-keys.ts';
import { createOpenId } from '../../src/api/people/open-id.ts';
import type { OpenIdRules } from '../../src/api/people/open-id-identity.ts';
import { openIdHandlers } from '../../src/api/people/open-id-sign-in.ts';
import { peopleHandlers } from '../../src/api/people/people.ts';
import { sessionHandlers } from '../../src/api/people/sessions.ts';
import { serve } from '../../src/api/serve.ts';
import { peopleEndpoints } from '../../src/contract/people.ts';
import { sessionCookie, signInEndpoints } from '../../src/contract/sign-in.ts';
import { addressPolicy } from '../../src/egress/address-policy.ts';
import { createEgress } from '../../src/egress/egress.ts';
import { createFetch } from '../../src/egress/http.ts';
import { createLog } from '../../src/log.ts';
import type { Db } from '../../src/store/database.ts';
import { type ProviderPerson, providerClient, startOpenIdProvider } from './open-id-provider.ts';

const contract = { ...peopleEndpoints, ...signInEndpoints };

const usualRules: OpenIdRules = {
  domains: [],
  trustAddresses: false,
  roleClaim: 'groups',
  roles: [],
  defaultRole: 'viewer',
};

/** The cookies that an answer sets; those that it drops have no value. */
function cookiesOf(header: string | string[] | undefined): Map<string, string> {
  return new Map([header ?? []].flat().map((line) => /^([^=]+)=([^;]*)/.exec(line)!.slice(1) as never));
}

/** A provider, and what is needed to serve its people in this process. All is closed at the end of the test file. */
export async function openIdRig() {
  const provider = await startOpenIdProvider();
  const { issuer } = provider;
  const logged: string[] = [];
  const log = createLog((line) => logged.push(line));
  const { fetch, close } = createFetch(createEgress(addressPolicy({ allow: [new URL(issuer).hostname] })));
  after(close);

  /** A person at the provider whose address is verified, unless told. */
  function known(subject: string, more: ProviderPerson = {}): string {
    const usual = { name: subject, email: `${subject}@example.com`, email_verified: true };
    provider.people.set(subject, { ...usual, ...more });
    return subject;
  }

  /** A server of ours that lets the provider's people in, as these rules say. */
  function serverOf(db: Db, rules: Partial<OpenIdRules> = {}, password = true) {
    const client = { ...providerClient, issuer, scopes: 'email profile groups' };
    const openId = { ...createOpenId(client, fetch, log), rules: { ...usualRules, ...rules } };
    const ways = { password, openId };
    const handlers = {
      ...peopleHandlers(db, 'token'),
      ...sessionHandlers(db, ways),
      ...apiKeyHandlers(db),
      ...openIdHandlers(db, ways),
    };
    const server = serve({ contract, handlers, identify: (request) => identify(db, request), log });
    after(() => server.close());
    return server;
  }
  type Server = ReturnType<typeof serverOf>;

  /** What a browser is answered when it begins: the provider's page, and the cookie that it keeps meanwhile. */
  async function begin(server: Server) {
    const answer = await server.inject('/api/sign-in/openid');
    assert.equal(answer.statusCode, 303, answer.body);
    const [[cookie = '', secret = ''] = []] = cookiesOf(answer.headers['set-cookie']);
    return { page: String(answer.headers.location), cookie: `${cookie}=${secret}` };
  }

  /** What it is answered when the provider has sent it back. */
  async function finish(server: Server, back: URL, cookie = '') {
    const url = `/api/sign-in/openid/callback${back.search}`;
    const { statusCode, headers, body, json } = await server.inject({ url, headers: { cookie } });
    const cookies = cookiesOf(headers['set-cookie']);
    const { code } = body === '' ? { code: undefined } : json<{ code: string }>();
    const session = { cookie: `${sessionCookie}=${cookies.get(sessionCookie)}` };
    return { outcome: code ?? statusCode, status: statusCode, cookies, session, headers };
  }

  /** The whole way: with a subject that the provider lets in, or none. */
  async function signIn(server: Server, subject: string | undefined) {
    const { page, cookie } = await begin(server);
    return finish(server, await provider.signIn(page, subject), cookie);
  }

  const whoAmI = async (server: Server, headers: { cookie: string }) =>
    (await server.inject({ url: '/api/session', headers })).json();

  return { provider, logged, known, serverOf, begin, finish, signIn, whoAmI };
}
