import { UserError } from '../errors.ts';

/** What a process of the service does. */
export const roles = ['api', 'scheduler', 'worker'] as const;
export type Role = (typeof roles)[number];

/** Reads `api,worker`; `all`, or nothing, is every role. Throws UserError `start-role`. */
export function parseRoles(text: string | undefined): readonly Role[] {
  const words = (text ?? 'all').split(',').map((word) => word.trim());
  if (words.includes('all')) return roles;
  const unknown = words.find((word) => !roles.includes(word as Role));
  if (unknown === undefined) return roles.filter((role) => words.includes(role));
  throw new UserError('start-role', `There is no role "${unknown}".`, {
    remedy: `The roles are ${roles.join(', ')}, several with commas, or all.`,
  });
}
