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
  /**
   * The provider's page to send the browser to; `anew` asks the person to sign in there even if they have. Throws
   * TemporaryError `sign-in-provider-unavailable`.
   */
  begin(secret: string, anew: boolean): Promise<string>;
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

/** The provider's page, as this sign-in is to reach it. */
async function pageOf(
  configuration: Configuration,
  { callback, scopes }: OpenIdClient,
  secret: string,
  anew: boolean,
): Promise<string> {
  const { buildAuthorizationUrl, calculatePKCECodeChallenge } = await import('openid-client');
  const { expectedState, expectedNonce, pkceCodeVerifier } = checksOf(secret);
  const page = buildAuthorizationUrl(configuration, {
    redirect_uri: callback,
    scope: `openid ${scopes}`,
    state: expectedState,
    nonce: expectedNonce,
    code_challenge: await calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
    ...(anew && { prompt: 'login' }),
  });
  return page.href;
}

/** Does the work once; after a failure it is done again for whoever asks next. */
function onceDone<T>(work: () => Promise<T>): () => Promise<T> {
  let done: Promise<T> | undefined;
  return async () => {
    done ??= work();
    try {
      return await done;
    } catch (error) {
      done = undefined;
      throw error;
    }
  };
}

/**
 * Sign-in through a provider: authorization code with PKCE. The issuer is asked for its addresses when somebody signs in
 * first, and again after it could not be reached; a provider that is down keeps no server from starting.
 */
export function createOpenId(client: OpenIdClient, fetch: typeof globalThis.fetch, log: Log): OpenId {
  const configuration = onceDone(() => discover(client, fetch));
  const told = async <T>(work: (found: Configuration) => Promise<T>): Promise<T> => {
    try {
      return await work(await configuration());
    } catch (error) {
      throw await explainOpenIdError(error, log);
    }
  };
  return {
    begin: (secret, anew) => told((found) => pageOf(found, client, secret, anew)),
    finish: (secret, parameters) =>
      told((found) => claimsFrom(found, secret, new URL(`?${parameters.toString()}`, client.callback))),
  };
}
