import { createHmac } from 'node:crypto';
import type { ClientAuth, Configuration } from 'openid-client';
import type { Log } from '../../log.ts';
import { explainOpenIdError } from './explain-open-id-error.ts';

/** This server as a client of an OpenID Connect provider. */
export interface OpenIdClient {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Asked for beside `openid`, with blanks between them. */
  readonly scopes: string;
  /** Where the provider sends browsers back, as it is registered there. */
  readonly callback: string;
}

/** What a provider says about somebody: `iss`, `sub` and whatever else it tells. */
export type Claims = Readonly<Record<string, unknown>>;

/** Sign-in through one provider. `secret` is what the browser keeps between the two calls, and nobody else. */
export interface OpenId {
  /** The provider's page to send the browser to. Throws TemporaryError `sign-in-provider-unavailable`. */
  begin(secret: string): Promise<string>;
  /**
   * What the provider says about the person whom it sent back with these parameters. Throws Refusal for a sign-in that the
   * provider refused, that is over, or that another browser began, and TemporaryError `sign-in-provider-unavailable`.
   */
  finish(secret: string, parameters: URLSearchParams): Promise<Claims>;
}

/** Seconds for each answer of the provider. */
const patience = 10;

/**
 * `state` binds the answer to the browser that asked (RFC 6749, 10.12), `nonce` the ID token to the same (OpenID Connect
 * Core, 15.5.2), and the verifier the code to whoever asked for it (PKCE, RFC 7636). All are made of the one secret that
 * only the browser has, so that nothing is kept here, and any process may finish what another began.
 */
function checksOf(secret: string) {
  const made = (what: string) => createHmac('sha256', secret).update(what).digest('base64url');
  return {
    expectedState: made('state'),
    expectedNonce: made('nonce'),
    pkceCodeVerifier: made('code verifier'),
  };
}

/** In the body where the provider says that it takes that, else in the header, which all must take (RFC 6749, 2.3.1). */
async function clientAuthentication(secret: string): Promise<ClientAuth> {
  const { ClientSecretBasic, ClientSecretPost } = await import('openid-client');
  const [inBody, inHeader] = [ClientSecretPost(secret), ClientSecretBasic(secret)];
  return (server, ...rest) => {
    const ways = server.token_endpoint_auth_methods_supported ?? [];
    return (ways.includes('client_secret_post') ? inBody : inHeader)(server, ...rest);
  };
}

/** Asks the issuer for its addresses. Only an issuer that is named with http is spoken to without TLS. */
async function discover(client: OpenIdClient, fetch: typeof globalThis.fetch): Promise<Configuration> {
  const library = await import('openid-client');
  const issuer = new URL(client.issuer);
  // oxlint-disable-next-line typescript/no-deprecated -- the operator's own choice, for a provider on this machine
  const plain = issuer.protocol === 'http:' ? [library.allowInsecureRequests] : [];
  const authentication = await clientAuthentication(client.clientSecret);
  return library.discovery(issuer, client.clientId, undefined, authentication, {
    [library.customFetch]: (url, init) => fetch(url, init as RequestInit),
    execute: [library.enableNonRepudiationChecks, ...plain],
    timeout: patience,
  });
}

/** What the ID token says comes before what the provider's userinfo endpoint adds. */
async function claimsFrom(configuration: Configuration, secret: string, answer: URL): Promise<Claims> {
  const { authorizationCodeGrant, fetchUserInfo } = await import('openid-client');
  const tokens = await authorizationCodeGrant(configuration, answer, checksOf(secret));
  const claims = tokens.claims()!;
  if (configuration.serverMetadata().userinfo_endpoint === undefined) return claims;
  return { ...(await fetchUserInfo(configuration, tokens.access_token, claims.sub)), ...claims };
}

/**
 * Sign-in through a provider: authorization code with PKCE. The issuer is asked for its addresses when somebody signs in
 * first, and again after it could not be reached; a provider that is down keeps no server from starting.
 */
export function createOpenId(client: OpenIdClient, fetch: typeof globalThis.fetch, log: Log): OpenId {
  let found: Promise<Configuration> | undefined;
  const configuration = async () => {
    found ??= discover(client, fetch);
    try {
      return await found;
    } catch (error) {
      found = undefined;
      throw error;
    }
  };
  const told = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw await explainOpenIdError(error, log);
    }
  };
  return {
    begin: (secret) =>
      told(async () => {
        const { buildAuthorizationUrl, calculatePKCECodeChallenge } = await import('openid-client');
        const { expectedState, expectedNonce, pkceCodeVerifier } = checksOf(secret);
        const url = buildAuthorizationUrl(await configuration(), {
          redirect_uri: client.callback,
          scope: `openid ${client.scopes}`,
          state: expectedState,
          nonce: expectedNonce,
          code_challenge: await calculatePKCECodeChallenge(pkceCodeVerifier),
          code_challenge_method: 'S256',
        });
        return url.href;
      }),
    finish: (secret, parameters) =>
      told(async () => {
        const answer = new URL(`?${parameters.toString()}`, client.callback);
        return claimsFrom(await configuration(), secret, answer);
      }),
  };
}
