import type { Contract } from '../../contract/contract.ts';
import { UserError } from '../../errors.ts';
import { type Access, listShares, share, unshare } from '../../store/account-share.ts';
import type { Db } from '../../store/database.ts';
import { findPerson } from '../../store/person.ts';
import { audited } from '../audited.ts';
import type { Handler } from '../serve.ts';
import { reachAccount } from './access.ts';

const answerOf = async (db: Db, accountId: string) => ({
  items: (await listShares(db, accountId)).map(({ personId, access }) => ({ personId, access })),
});

const list =
  (db: Db): Handler<Contract['listShares']> =>
  async ({ params: { id } }, { caller }) => {
    await reachAccount(db, caller!, id, 'read');
    return answerOf(db, id);
  };

/** Owners give and take any access; whoever may share gives at most what they have, and takes nothing from an owner. */
const neededFor = (given: Access | 'none', before: Access | undefined): Access =>
  given === 'owner' || given === 'edit' || before === 'owner' || before === 'edit' ? 'owner' : 'share';

const set =
  (db: Db): Handler<Contract['shareAccount']> =>
  async ({ params: { id }, body: { personId, access } }, { caller }) => {
    const deed = {
      actor: caller!.personId,
      action: 'account.share',
      target: id,
      details: { personId, access },
    };
    return audited(db, deed, async (transaction) => {
      const before = (await listShares(transaction, id)).find((one) => one.personId === personId)?.access;
      await reachAccount(transaction, caller!, id, neededFor(access, before));
      if (!(await findPerson(transaction, personId)))
        throw new UserError('person-not-found', 'There is no such person.', { field: 'personId' });
      if (access === 'none') await unshare(transaction, id, personId);
      else await share(transaction, { accountId: id, personId, access });
      const shares = await listShares(transaction, id);
      if (!shares.some((one) => one.access === 'owner'))
        throw new UserError('account-last-owner', 'An account has at least one owner.', { field: 'access' });
      return answerOf(transaction, id);
    });
  };

/** Who may do what with an account. */
export const shareHandlers = (db: Db) => ({ listShares: list(db), shareAccount: set(db) });
