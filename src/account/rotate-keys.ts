import { accountsAfter, updateAccount } from '../store/account.ts';
import { alertChannelsAfter, updateAlertChannel } from '../store/alert-channel.ts';
import type { Db } from '../store/database.ts';
import { replaceKey } from '../store/installation.ts';
import type { SealedSecrets } from '../store/sealed-secrets.ts';
import type { KeyRing } from './key-ring.ts';
import { rotateSecrets } from './seal.ts';

/** Rows that are read at once. */
const page = 200;

/** What holds secrets, and is changed only as it was read. */
interface Holder {
  readonly id: string;
  readonly version: number;
  readonly secrets: SealedSecrets;
}

/** A table of holders. */
interface Holders {
  after(db: Db, id: string, limit: number): Promise<Holder[]>;
  update(db: Db, id: string, version: number, change: { secrets: string }): Promise<Holder | undefined>;
}

const tables: readonly Holders[] = [
  { after: accountsAfter, update: updateAccount },
  { after: alertChannelsAfter, update: updateAlertChannel },
];

/**
 * Puts every saved secret under the ring's first key, which all processes need from now on. May be stopped and run again; work
 * goes on meanwhile, as both keys open. Only afterwards may the old key leave the ring. Gives the number of accounts and alert
 * channels that were changed. One that somebody edits in the same moment is taken up again.
 */
export async function rotateKeys(db: Db, ring: KeyRing): Promise<number> {
  await replaceKey(db, ring[0].id);
  let changed = 0;
  for (const table of tables) changed += await rotateTable(db, ring, table);
  return changed;
}

async function rotateTable(db: Db, ring: KeyRing, table: Holders): Promise<number> {
  let changed = 0;
  let after = '';
  for (;;) {
    const holders = await table.after(db, after, page);
    for (const { id, version, secrets } of holders) {
      const under = rotateSecrets(ring, id, secrets);
      if (sameKeys(under, secrets)) {
        after = id;
        continue;
      }
      // Another edit was first: the row is read again.
      if (!(await table.update(db, id, version, { secrets: JSON.stringify(under) }))) break;
      changed++;
      after = id;
    }
    if (holders.length === 0) return changed;
  }
}

function sameKeys(one: SealedSecrets, other: SealedSecrets): boolean {
  return Object.keys(one).every((field) => one[field]?.key === other[field]?.key);
}
