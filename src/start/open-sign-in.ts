import { createOpenId } from '../api/people/open-id.ts';
import type { OpenIdRules } from '../api/people/open-id-identity.ts';
import { type SignInWays, passwordsOnly } from '../api/people/sign-in-ways.ts';
import { type SignInSettings, egressRules, signInSettings } from '../config.ts';
import { signInEndpoints } from '../contract/sign-in.ts';
import { type Role, roles } from '../contract/permission.ts';
import { addressPolicy } from '../egress/address-policy.ts';
import { createEgress } from '../egress/egress.ts';
import { createFetch } from '../egress/http.ts';
import { UserError } from '../errors.ts';
import type { Log } from '../log.ts';
import { tellBlocked } from './blocked-attempts.ts';

const wrong = (sentence: string, remedy: string) => new UserError('config-sign-in', sentence, { remedy });

const loopbacks = ['localhost', '127.0.0.1', '[::1]'];

/** An address that secrets go over: without TLS only on this machine. */
function addressIn(name: string, text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isSafe =
    url?.protocol === 'https:' || (url?.protocol === 'http:' && loopbacks.includes(url.hostname));
  if (url && isSafe && url.search === '' && url.hash === '' && url.username === '') return text;
  throw wrong(`${name} is no address with https: "${text}".`, 'Write it as https://login.example.com.');
}

function needed(name: string, value: string | undefined): string {
  if (value !== undefined) return value;
  throw wrong(
    `WRITEBACK_OIDC_ISSUER needs ${name} too.`,
    'See "Sign in through a provider" in docs/operate.md.',
  );
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

const rulesOf = ({
  domains,
  trustAddresses,
  roleClaim,
  roles,
  defaultRole,
}: SignInSettings): OpenIdRules => ({
  domains,
  trustAddresses,
  roleClaim,
  roles: roles.map(groupRole),
  defaultRole: defaultRole === undefined ? undefined : roleNamed(defaultRole),
});

/** The issuer's host is the operator's word, wherever it lies; what it refers to must be public, or allowed as for runs. */
function fetchFrom(issuer: string, stack: AsyncDisposableStack): typeof fetch {
  const host = new URL(issuer).hostname.replace(/^\[(.*)\]$/, '$1');
  const { allow, ...rules } = egressRules();
  const policy = addressPolicy({ ...rules, allow: [...allow, host], onBlocked: tellBlocked });
  const { fetch, close } = createFetch(createEgress(policy));
  stack.defer(close);
  return fetch;
}

/**
 * The ways to sign in that the environment opens. No provider is asked before somebody signs in. Throws UserError
 * `config-sign-in` for settings that cannot be.
 */
export function openSignIn(log: Log, stack: AsyncDisposableStack): SignInWays {
  const settings = signInSettings();
  if (settings.issuer === undefined) {
    if (settings.passwords) return passwordsOnly;
    throw wrong('WRITEBACK_PASSWORDS=0 would let nobody in.', 'Name a provider in WRITEBACK_OIDC_ISSUER.');
  }
  const issuer = addressIn('WRITEBACK_OIDC_ISSUER', settings.issuer);
  const clientId = needed('WRITEBACK_OIDC_CLIENT_ID', settings.clientId);
  const clientSecret = needed('WRITEBACK_OIDC_CLIENT_SECRET', settings.clientSecret);
  const publicUrl = needed('WRITEBACK_PUBLIC_URL', settings.publicUrl);
  log.hide(clientSecret);
  const home = addressIn('WRITEBACK_PUBLIC_URL', publicUrl).replace(/\/+$/, '');
  const callback = `${home}/api${signInEndpoints.finishOpenId.path}`;
  const client = { issuer, clientId, clientSecret, callback, scopes: settings.scopes };
  const rules = rulesOf(settings);
  const openId = { ...createOpenId(client, fetchFrom(issuer, stack), log), rules };
  return { password: settings.passwords, openId };
}
