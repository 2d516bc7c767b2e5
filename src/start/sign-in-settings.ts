import type { OpenIdClient } from '../api/people/open-id.ts';
import type { OpenIdRules } from '../api/people/open-id-identity.ts';
import { given, givenOrInFile, listed } from '../config.ts';
import { type Role, roles } from '../contract/permission.ts';
import { signInEndpoints } from '../contract/sign-in.ts';
import { UserError } from '../errors.ts';

/** How people sign in, as the operator wants it. */
export interface SignInSettings {
  readonly password: boolean;
  readonly provider?: { readonly client: OpenIdClient; readonly rules: OpenIdRules };
}

const wrong = (sentence: string, remedy: string) => new UserError('config-sign-in', sentence, { remedy });

const loopbacks = ['localhost', '127.0.0.1', '[::1]'];

type Needed =
  | 'WRITEBACK_OIDC_ISSUER'
  | 'WRITEBACK_OIDC_CLIENT_ID'
  | 'WRITEBACK_OIDC_CLIENT_SECRET'
  | 'WRITEBACK_PUBLIC_URL';

function needed(name: Needed): string {
  const value = name === 'WRITEBACK_OIDC_CLIENT_SECRET' ? givenOrInFile(name) : given(name);
  if (value !== undefined) return value;
  throw wrong(
    `WRITEBACK_OIDC_ISSUER needs ${name} too.`,
    'See "Sign in through a provider" in docs/operate.md.',
  );
}

/** An address that secrets go over: without TLS only on this machine. */
function address(name: Needed): string {
  const text = needed(name);
  const url = URL.parse(text);
  const isSafe =
    url?.protocol === 'https:' || (url?.protocol === 'http:' && loopbacks.includes(url.hostname));
  if (url && isSafe && url.search === '' && url.hash === '' && url.username === '') return text;
  throw wrong(`${name} is no address with https: "${text}".`, 'Write it as https://login.example.com.');
}

function roleNamed(name: string): Role {
  const role = roles.find((one) => one === name);
  if (role) return role;
  throw wrong(`There is no role "${name}" to give people.`, `Use one of: ${roles.join(', ')}.`);
}

/** `chiefs=admin`; the name of a group may have an equals sign too. */
function groupRole(entry: string): readonly [string, Role] {
  const at = entry.lastIndexOf('=');
  return [entry.slice(0, Math.max(at, 0)).trim(), roleNamed(entry.slice(at + 1).trim())];
}

function clientSettings(): OpenIdClient {
  const home = address('WRITEBACK_PUBLIC_URL').replace(/\/+$/, '');
  return {
    issuer: address('WRITEBACK_OIDC_ISSUER'),
    clientId: needed('WRITEBACK_OIDC_CLIENT_ID'),
    clientSecret: needed('WRITEBACK_OIDC_CLIENT_SECRET'),
    callback: `${home}/api${signInEndpoints.finishOpenId.path}`,
    scopes: given('WRITEBACK_OIDC_SCOPES') ?? 'email profile',
  };
}

function ruleSettings(): OpenIdRules {
  const role = given('WRITEBACK_OIDC_DEFAULT_ROLE');
  return {
    domains: listed('WRITEBACK_OIDC_DOMAINS').map((domain) => domain.toLowerCase()),
    trustAddresses: given('WRITEBACK_OIDC_TRUST_ADDRESSES') === '1',
    roleClaim: given('WRITEBACK_OIDC_ROLE_CLAIM') ?? 'groups',
    roles: listed('WRITEBACK_OIDC_ROLES').map(groupRole),
    defaultRole: role === undefined ? undefined : roleNamed(role),
  };
}

/** Throws UserError `config-sign-in` for settings that cannot be, and `config-file`. */
export function signInSettings(): SignInSettings {
  const password = given('WRITEBACK_PASSWORDS') !== '0';
  if (given('WRITEBACK_OIDC_ISSUER') !== undefined)
    return { password, provider: { client: clientSettings(), rules: ruleSettings() } };
  if (password) return { password };
  throw wrong('WRITEBACK_PASSWORDS=0 would let nobody in.', 'Name a provider in WRITEBACK_OIDC_ISSUER.');
}
