import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after } from 'node:test';
import { Provider } from 'oidc-provider';

/** A person at the provider: what its tokens and its userinfo endpoint say, beside the subject. */
export type ProviderPerson = Readonly<Record<string, unknown>>;

/** The client that the provider knows. */
export const providerClient = {
  clientId: 'writeback',
  clientSecret: 'a secret of the provider',
  callback: 'https://writeback.example.com/api/sign-in/openid/callback',
};

const signingKey = () => ({
  ...generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' }),
  kid: 'one',
  use: 'sig',
  alg: 'RS256',
});

const publicPartOf = ({ kty, n, e, kid, use, alg }: ReturnType<typeof signingKey>) => ({
  kty,
  n,
  e,
  kid,
  use,
  alg,
});

interface Granting {
  readonly oidc: {
    readonly provider: {
      readonly Grant: new (of: object) => { addOIDCScope(scope: string): void; save(): Promise<string> };
    };
    readonly client: { readonly clientId: string };
    readonly session: { readonly accountId: string };
  };
}

/** Everybody consents to everything. */
async function grantAll({ oidc }: Granting) {
  const { provider, client, session } = oidc;
  const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
  grant.addOIDCScope('openid email profile groups');
  await grant.save();
  return grant;
}

const configuration = (people: Map<string, ProviderPerson>, codeLife: () => number) => ({
  clients: [
    {
      client_id: providerClient.clientId,
      client_secret: providerClient.clientSecret,
      redirect_uris: [providerClient.callback],
    },
  ],
  jwks: { keys: [signingKey()] },
  cookies: { keys: [randomBytes(16).toString('hex')] },
  claims: { email: ['email', 'email_verified'], profile: ['name'], groups: ['groups'] },
  scopes: ['openid', 'email', 'profile', 'groups'],
  features: { devInteractions: { enabled: false } },
  ttl: { AuthorizationCode: codeLife, AccessToken: 60, IdToken: 60, Session: 60, Grant: 60, Interaction: 60 },
  interactions: { url: (_: unknown, { uid }: { uid: string }) => `/as/${uid}` },
  loadExistingGrant: grantAll,
  findAccount: (_: unknown, sub: string) => ({ accountId: sub, claims: () => ({ sub, ...people.get(sub) }) }),
});

/** A fetch with the cookies of one browser, that follows redirects up to an address. Gives that address. */
async function follow(from: string, until: string): Promise<URL> {
  const cookies = new Map<string, string>();
  let url = from;
  while (!url.startsWith(until)) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await fetch(url, { redirect: 'manual', headers: { cookie } });
    for (const line of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      cookies.set(name, value);
    }
    const next = answer.headers.get('location');
    if (next === null) throw new Error(`${url} answered ${answer.status}: ${await answer.text()}`);
    url = new URL(next, url).href;
  }
  return new URL(url);
}

/** A real OpenID Connect server in this process. */
export interface OpenIdProvider {
  readonly issuer: string;
  /** By subject. */
  readonly people: Map<string, ProviderPerson>;
  /** Seconds for which its codes are good. */
  codeLife: number;
  /** It publishes other keys than those that it signs with. */
  wrongKeys: boolean;
  /** Somebody signs in on the page that they were sent to, or refuses to; gives where they are sent back. */
  signIn(page: string, subject: string | undefined): Promise<URL>;
  listen(): Promise<void>;
  close(): Promise<void>;
}

/** Starts one on loopback, closed at the end of the test file. It knows `providerClient`. */
export async function startOpenIdProvider(): Promise<OpenIdProvider> {
  const people = new Map<string, ProviderPerson>();
  let subject: string | undefined;
  let provider: Provider | undefined;
  const server: Server = createServer((request, reply) => void serve(request, reply));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const issuer = `http://127.0.0.1:${port}`;
  provider = new Provider(
    issuer,
    configuration(people, () => running.codeLife),
  );
  const answer = provider.callback();

  /** Its sign-in page asks nothing: whoever comes is the one that the test says. */
  async function serve(request: IncomingMessage, reply: ServerResponse): Promise<void> {
    if (request.url === '/jwks' && running.wrongKeys) {
      reply.writeHead(200, { 'content-type': 'application/json' });
      return void reply.end(JSON.stringify({ keys: [publicPartOf(signingKey())] }));
    }
    if (!request.url?.startsWith('/as/')) return answer(request, reply);
    const refused = { error: 'access_denied', error_description: 'Not today.' };
    const result = subject === undefined ? refused : { login: { accountId: subject } };
    await provider!.interactionFinished(request, reply, result);
  }

  const running: OpenIdProvider = {
    issuer,
    people,
    codeLife: 60,
    wrongKeys: false,
    async signIn(page, who) {
      subject = who;
      return follow(page, providerClient.callback);
    },
    async listen() {
      server.listen(port, '127.0.0.1');
      await once(server, 'listening');
    },
    async close() {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
  after(() => running.close());
  return running;
}
