import { UserError } from '../../errors.ts';
import { type Account, findAccount } from '../../store/account.ts';
import { type Access, findAccess } from '../../store/account-share.ts';
import type { Db } from '../../store/database.ts';
import type { Caller } from '../caller.ts';

/** From least to most; each may what the ones before it may. */
const ranks: readonly Access[] = ['read', 'share', 'edit', 'owner'];

/** What the caller may do with an account: an administrator everything. */
export async function accessOf(db: Db, caller: Caller, accountId: string): Promise<Access | undefined> {
  return caller.role === 'admin' ? 'owner' : findAccess(db, accountId, caller.personId);
}

/**
 * The account, when the caller may do that much with it. Throws UserError `account-not-found`, also when there is one that the
 * caller may not know of, and `account-forbidden`.
 */
export async function reachAccount(
  db: Db,
  caller: Caller,
  accountId: string,
  needed: Access,
): Promise<{ account: Account; access: Access }> {
  const access = await accessOf(db, caller, accountId);
  const account = access && (await findAccount(db, accountId));
  if (!access || !account)
    throw new UserError('account-not-found', 'There is no such account, or it is not shared with you.');
  if (ranks.indexOf(access) >= ranks.indexOf(needed)) return { account, access };
  throw new UserError('account-forbidden', `Your access to "${account.name}" does not go that far.`, {
    remedy: 'Ask an owner of the account to change your access.',
  });
}
