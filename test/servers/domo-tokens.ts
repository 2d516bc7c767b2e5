import { createHmac, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import { html, json, refuse, Refusal, type Answer, type Ask } from './domo-answers.ts';

export interface StandInUser {
  readonly id: number;
  readonly name: string;
  readonly role: 'Admin' | 'Privileged' | 'Participant';
}

/** An API client: it acts as its user. */
export interface StandInClient {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly userId: number;
  /** The user's role unless told. */
  readonly role?: StandInUser['role'];
  /** What the client may be granted; `data user` unless told. */
  readonly scope?: string;
}

/** Who a checked token speaks for. */
export interface Identity {
  readonly userId: number;
  readonly role: string;
}

interface Claims extends Identity {
  readonly exp: number;
  readonly jti: string;
  readonly customer: string;
  readonly scope: readonly string[];
}

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

function unauthorized(description: string, ask: Ask): Refusal {
  // A CSV request gets 406 with HTML: the JSON of the refusal cannot be rendered as text/csv.
  if (ask.headers.accept === 'text/csv') return new Refusal(html('HTTP Status 406 – Not Acceptable', 406));
  const challenge = `Bearer error="invalid_token", error_description="${description}", error_uri="https://tools.ietf.org/html/rfc6750#section-3.1"`;
  return new Refusal(
    json({ error: 'invalid_token', error_description: description }, 401, { 'www-authenticate': challenge }),
  );
}

function basic(header = ''): [string, string] {
  const [scheme = '', value = ''] = header.split(' ');
  if (scheme.toLowerCase() !== 'basic') return ['', ''];
  const text = Buffer.from(value, 'base64').toString();
  const colon = text.indexOf(':');
  return [text.slice(0, colon), text.slice(colon + 1)];
}

function sameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

/** Issues and checks tokens as Domo does: signed, with an end, for the scopes that the client has. */
export function createTokens(lifetime: number) {
  const key = randomBytes(32);
  const clients = new Map<string, StandInClient>();
  const users = new Map<number, StandInUser>();
  const valid = new Set<string>();
  const sign = (text: string) => createHmac('sha256', key).update(text).digest('base64url');

  function claimsFor(client: StandInClient, asked: string | null): Claims {
    const granted = (client.scope ?? 'data user').split(' ');
    const scope = asked ? asked.split(' ').filter((one) => granted.includes(one)) : granted;
    const role = client.role ?? users.get(client.userId)?.role ?? 'Participant';
    const exp = Math.floor(Date.now() / 1000) + lifetime;
    return { userId: client.userId, role, exp, jti: randomUUID(), customer: 'writeback', scope };
  }

  return {
    addClient: (client: StandInClient) => void clients.set(client.clientId, client),
    addUser: (user: StandInUser) => void users.set(user.id, user),
    userName: (id: number) => users.get(id)?.name ?? `User ${id}`,
    revokeAll: () => valid.clear(),

    /** GET or POST /oauth/token. */
    issue(ask: Ask): Answer {
      const form = ask.method === 'POST' && ask.body ? new URLSearchParams(ask.body) : ask.url.searchParams;
      const [id, secret] = basic(ask.headers.authorization);
      const client = clients.get(id);
      if (!client || !sameText(secret, client.clientSecret))
        throw refuse(401, 'Unauthorized', 'Bad credentials');
      if (form.get('grant_type') !== 'client_credentials')
        throw refuse(400, 'Bad Request', 'Unsupported grant type');
      const claims = claimsFor(client, form.get('scope'));
      valid.add(claims.jti);
      const unsigned = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`;
      const { customer, jti, role, userId } = claims;
      const facts = { customer, expires_in: lifetime - 1, jti, role, scope: claims.scope.join(' '), userId };
      return json({ access_token: `${unsigned}.${sign(unsigned)}`, token_type: 'bearer', ...facts });
    },

    /** Who asks; refuses a token that is missing, forged, over, revoked, or without the scope `data`. */
    check(ask: Ask): Identity {
      const token = /^bearer (.+)$/i.exec(ask.headers.authorization ?? '')?.[1] ?? '';
      const [head = '', payload = '', signature = ''] = token.split('.');
      if (!sameText(signature, sign(`${head}.${payload}`)))
        throw unauthorized('Cannot convert access token to JSON', ask);
      const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Claims;
      const end = new Date(claims.exp * 1000);
      if (end.getTime() <= Date.now()) throw unauthorized(`Jwt expired at ${end.toISOString()}`, ask);
      if (!valid.has(claims.jti)) throw unauthorized('Invalid access token', ask);
      if (!claims.scope.includes('data'))
        throw refuse(403, 'Forbidden', 'Insufficient scope for this resource');
      return claims;
    },
  };
}

export type Tokens = ReturnType<typeof createTokens>;
