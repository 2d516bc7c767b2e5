import { UserError } from '../../errors.ts';
import type { Log } from '../../log.ts';
import { explainAnswer } from './explain.ts';
import type { Transport } from './transport.ts';

/** Whom the client acts for. */
export interface Identity {
  readonly userId: string;
  readonly role: string;
}

/** An access token with what Domo tells beside it. */
export interface Token extends Identity {
  readonly text: string;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
}

/** The client of Domo's API that a person made. */
export interface DomoClient {
  readonly clientId: string;
  readonly clientSecret: string;
}

// A token that ends while a request is on its way would be refused: it is renewed this long before.
const margin = 60_000;

function claimsOf(token: string): Record<string, unknown> {
  try {
    return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<
      string,
      unknown
    >;
  } catch {
    return {};
  }
}

function parseToken(text: string): Token {
  const answer = JSON.parse(text) as Record<string, unknown>;
  const access = answer['access_token'];
  if (typeof access !== 'string') throw new Error('no access_token');
  const claims = claimsOf(access);
  if (typeof answer['scope'] === 'string' && !answer['scope'].split(' ').includes('data')) {
    const remedy = 'Make a client with the scopes data and user at developer.domo.com.';
    throw new UserError('domo-scope-missing', 'This client may not read data: it lacks the scope data.', {
      remedy,
      field: 'clientId',
    });
  }
  const fromExpiresIn = Date.now() + Number(answer['expires_in'] ?? 0) * 1000;
  const expiresAt = typeof claims['exp'] === 'number' ? claims['exp'] * 1000 : fromExpiresIn;
  const fact = (name: string) =>
    [answer[name], claims[name]].find((one) => typeof one === 'string' || typeof one === 'number') ?? '';
  return { text: access, expiresAt, userId: String(fact('userId')), role: String(fact('role')) };
}

/** Fetches tokens and keeps the last one. */
export interface Tokens {
  /** A token good for a while yet; `refused` is one that Domo no longer takes. */
  get(signal: AbortSignal, refused?: Token): Promise<Token>;
}

/** Tokens by `GET /oauth/token`. Secret, token and Basic header are hidden in the log. Throws `domo-login-refused` and the transport's errors. */
export function createTokens({ clientId, clientSecret }: DomoClient, transport: Transport, log: Log): Tokens {
  const basic = Buffer.from(`${clientId}:${clientSecret}`).toString('base64');
  log.hide(clientSecret);
  log.hide(basic);
  let last: Token | undefined;

  async function fetchToken(signal: AbortSignal): Promise<Token> {
    const path = '/oauth/token?grant_type=client_credentials&scope=data%20user';
    const headers = { authorization: `Basic ${basic}`, accept: 'application/json' };
    const answer = await transport.ask({ operation: 'token', method: 'GET', path, headers, signal });
    const text = await answer.text();
    const bad = { operation: 'token' as const, status: answer.status, headers: answer.headers, text };
    if (answer.status !== 200) throw explainAnswer(bad);
    try {
      last = parseToken(text);
    } catch (error) {
      throw error instanceof SyntaxError || !(error instanceof UserError) ? explainAnswer(bad) : error;
    }
    log.hide(last.text);
    return last;
  }

  return {
    async get(signal, refused) {
      const good = last && last !== refused && last.expiresAt - margin > Date.now();
      return good && last ? last : fetchToken(signal);
    },
  };
}
