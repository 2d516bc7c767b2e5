import type { OpenId } from './open-id.ts';
import type { OpenIdRules } from './open-id-identity.ts';

/** How the operator lets people sign in. */
export interface SignInWays {
  readonly password: boolean;
  readonly openId?: (OpenId & { readonly rules: OpenIdRules }) | undefined;
}

/** What holds where the operator says nothing. */
export const passwordsOnly: SignInWays = { password: true };
