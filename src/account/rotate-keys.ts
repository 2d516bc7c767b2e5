import { accountsAfter, updateAccount } from '../store/account.ts';
import type { Db } from '../store/database.ts';
import { replaceKey } from '../store/installation.ts';
import type { KeyRing } from './key-ring.ts';
import { type SealedSecrets, rotateSecrets } from './seal.ts';

/** Accounts that are read at once. */
const page = 200;

/**
 * Puts every saved secret under the ring's first key, which all processes need from now on. May be stopped and run again; work goes on meanwhile, as both keys
 * open. Only afterwards may the old key leave the ring. Gives the number of accounts that were changed. An account that
 * somebody edits in the same moment is taken up again.
 */
export async function rotateKeys(db: Db, ring: KeyRing): Promise<number> {
  await replaceKey(db, ring[0].id);
  let changed = 0;
  let after = '';
  for (;;) {
    const accounts = await accountsAfter(db, after, page);
    for (const { id, version, secrets } of accounts) {
      const under = rotateSecrets(ring, id, secrets as unknown as SealedSecrets);
      if (sameKeys(under, secrets as unknown as SealedSecrets)) {
        after = id;
        continue;
      }
      // Another edit was first: the account is read again.
      if (!(await updateAccount(db, id, version, { secrets: JSON.stringify(under) }))) break;
      changed++;
      after = id;
    }
    if (accounts.length === 0) return changed;
  }
}

function sameKeys(one: SealedSecrets, other: SealedSecrets): boolean {
  return Object.keys(one).every((field) => one[field]?.key === other[field]?.key);
}
