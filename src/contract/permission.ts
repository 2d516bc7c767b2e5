/** What a person may be, from least to most; a connector developer and a reviewer stand beside an editor. */
export const roles = ['viewer', 'operator', 'editor', 'connector-developer', 'reviewer', 'admin'] as const;
export type Role = (typeof roles)[number];

/**
 * What an endpoint asks of whoever calls it. `anyone` needs no sign-in; `signedIn` is about the person's own things.
 * Owning or sharing a single account or writeback is asked beside it, by what serves the endpoint.
 */
export const permissions = [
  'anyone',
  'signedIn',
  'read',
  'operate',
  'edit',
  'develop',
  'review',
  'administer',
] as const;
export type Permission = (typeof permissions)[number];

const everybody: readonly Permission[] = ['anyone', 'signedIn', 'read'];

const granted: Readonly<Record<Role, readonly Permission[]>> = {
  viewer: everybody,
  operator: [...everybody, 'operate'],
  editor: [...everybody, 'operate', 'edit'],
  'connector-developer': [...everybody, 'operate', 'edit', 'develop'],
  reviewer: [...everybody, 'operate', 'edit', 'review'],
  admin: permissions,
};

/** True when the role grants the permission; without a role only what anyone may do. */
export function may(role: Role | undefined, permission: Permission): boolean {
  return role === undefined ? permission === 'anyone' : granted[role].includes(permission);
}
