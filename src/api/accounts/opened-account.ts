import type { KeyRing } from '../../account/key-ring.ts';
import { openSecrets } from '../../account/seal.ts';
import type { Egress } from '../../egress/egress.ts';
import type { Values } from '../../field/field.ts';
import type { Log } from '../../log.ts';
import { scopedLog } from '../../run/scoped-log.ts';
import { withSource } from '../../source/create-source.ts';
import type { domoSourceFields } from '../../source/source-fields.ts';
import type { Source } from '../../source/source.ts';
import type { Account } from '../../store/account.ts';

/** What a far system is reached through in the name of an account. */
export interface OpeningParts {
  readonly keyRing: KeyRing;
  readonly egress: Egress;
  readonly log: Log;
}

/** An account with its secrets, for one call: its log hides them, and the process's log does not learn them. */
export interface OpenedAccount {
  readonly values: Readonly<Record<string, unknown>>;
  readonly egress: Egress;
  readonly log: Log;
}

/** Opens an account. Throws UserErrors `seal-…`. */
export function openedAccount({ keyRing, egress, log }: OpeningParts, account: Account): OpenedAccount {
  const secrets = openSecrets(keyRing, account.id, account.secrets);
  const own = scopedLog(log);
  for (const secret of Object.values(secrets)) own.hide(secret);
  return { values: { ...account.credentials, ...secrets }, egress, log: own };
}

/** Lends Domo as its account sees it, of no DataSet in particular. */
export async function withDomoOf<T>(
  { values, ...context }: OpenedAccount,
  use: (source: Source) => Promise<T>,
): Promise<T> {
  const all = { ...values, datasetId: '', query: undefined } as unknown as Values<typeof domoSourceFields>;
  return withSource({ kind: 'domo', values: all }, context, use);
}
