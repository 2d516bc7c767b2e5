import type { Role } from '../../contract/permission.ts';
import { Refusal } from '../problem.ts';
import type { Claims } from './open-id.ts';

/** Whom the operator lets in through a provider, and as what. */
export interface OpenIdRules {
  /** Domains of e-mail addresses, in lower case; all when empty. */
  readonly domains: readonly string[];
  /** Addresses count as verified where the provider does not say whether they are. */
  readonly trustAddresses: boolean;
  /** The claim that holds a person's groups. */
  readonly roleClaim: string;
  /** Roles by group; of those that fit, the first counts. When empty, roles are given here and not at the provider. */
  readonly roles: readonly (readonly [group: string, role: Role])[];
  /** Of people in none of the groups; without it they are refused. */
  readonly defaultRole: Role | undefined;
}

/** Somebody whom a provider vouches for. */
export interface Identity {
  readonly issuer: string;
  readonly subject: string;
  /** Verified: whoever signs in reads what is sent there. */
  readonly email: string;
  readonly name: string;
  /** What their groups make them; undefined where groups say nothing about roles. */
  readonly role: Role | undefined;
}

/** A claim that is a text, without what PostgreSQL keeps in none; people choose their names themselves. */
function textOf(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  return value.toWellFormed().replaceAll('\0', '').trim() || undefined;
}

/** Some providers write the boolean as text. */
function isVerified(claim: unknown, trusted: boolean): boolean {
  return claim === undefined ? trusted : claim === true || claim === 'true';
}

/** The person's address in a form that the rest of the program takes (`Type.String({ format: 'email' })`). */
function emailOf(claims: Claims, { domains, trustAddresses }: OpenIdRules): string {
  const email = textOf(claims['email']);
  if (email === undefined || email.length > 254 || !/^[^\s@]+@[^\s@]+$/.test(email))
    throw new Refusal(403, 'sign-in-no-address', 'The sign-in provider tells no e-mail address of yours.');
  if (!isVerified(claims['email_verified'], trustAddresses))
    throw new Refusal(
      403,
      'sign-in-address-unverified',
      `The sign-in provider has not verified that the address ${email} is yours.`,
    );
  const domain = email.slice(email.indexOf('@') + 1).toLowerCase();
  if (domains.length === 0 || domains.includes(domain)) return email;
  throw new Refusal(403, 'sign-in-address-foreign', `Addresses at ${domain} are not let in here.`);
}

function roleOf(claims: Claims, { roles, roleClaim, defaultRole }: OpenIdRules): Role | undefined {
  if (roles.length === 0) return undefined;
  const groups = [claims[roleClaim]].flat();
  const [, role = defaultRole] = roles.find(([group]) => groups.includes(group)) ?? [];
  if (role !== undefined) return role;
  throw new Refusal(403, 'sign-in-no-role', 'None of your groups at the sign-in provider is let in here.');
}

/** Who somebody is, by what the provider says. Throws Refusal 403 for whom the rules do not let in. */
export function identityOf(claims: Claims, rules: OpenIdRules): Identity {
  const email = emailOf(claims, rules);
  const name = textOf(claims['name']) ?? textOf(claims['preferred_username']) ?? email;
  return {
    issuer: String(claims['iss']),
    subject: String(claims['sub']),
    email,
    name: name.slice(0, 200),
    role: roleOf(claims, rules),
  };
}
