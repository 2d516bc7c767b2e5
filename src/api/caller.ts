import { type Permission, type Role, may } from '../contract/permission.ts';

/** Who calls: a person in a session, or a key that a person made. */
export interface Caller {
  readonly personId: string;
  readonly role: Role;
  readonly sessionId?: string;
  /** A key may no more than it was made for, whatever the person's role has become since. */
  readonly key?: { readonly id: string; readonly permissions: readonly Permission[] };
}

/** What the role grants, and the key where there is one. */
export function callerMay(caller: Caller | undefined, permission: Permission): boolean {
  if (!may(caller?.role, permission)) return false;
  return caller?.key === undefined || permission === 'anyone' || caller.key.permissions.includes(permission);
}
