import { createOpenId } from '../api/people/open-id.ts';
import type { SignInWays } from '../api/people/sign-in-ways.ts';
import { egressRules } from '../config.ts';
import { addressPolicy } from '../egress/address-policy.ts';
import { createEgress } from '../egress/egress.ts';
import { createFetch } from '../egress/http.ts';
import type { Log } from '../log.ts';
import { tellBlocked } from './blocked-attempts.ts';
import { signInSettings } from './sign-in-settings.ts';

/** The issuer's host is the operator's word, wherever it lies; what it refers to must be public, or allowed as for runs. */
function fetchFrom(issuer: string, stack: AsyncDisposableStack): typeof fetch {
  const host = new URL(issuer).hostname.replace(/^\[(.*)\]$/, '$1');
  const { allow, ...rules } = egressRules();
  const policy = addressPolicy({ ...rules, allow: [...allow, host], onBlocked: tellBlocked });
  const { fetch, close } = createFetch(createEgress(policy));
  stack.defer(close);
  return fetch;
}

/** The ways to sign in that the environment opens. No provider is asked before somebody signs in. Throws what `signInSettings` does. */
export function openSignIn(log: Log, stack: AsyncDisposableStack): SignInWays {
  const { password, provider } = signInSettings();
  if (!provider) return { password };
  const { client, rules } = provider;
  log.hide(client.clientSecret);
  return { password, openId: { ...createOpenId(client, fetchFrom(client.issuer, stack), log), rules } };
}
