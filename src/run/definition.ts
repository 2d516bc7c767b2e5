import { accountKind, domoKind } from '../account/account-kinds.ts';
import type { PaneValues } from '../account/credentials.ts';
import type { KeyRing } from '../account/key-ring.ts';
import { openSecrets } from '../account/seal.ts';
import type { Registry } from '../connector/registry.ts';
import type { CallOf } from '../contract/endpoint.ts';
import type { writebackEndpoints } from '../contract/writebacks.ts';
import { UserError } from '../errors.ts';
import { findAccount } from '../store/account.ts';
import { findAccess } from '../store/account-share.ts';
import type { Db } from '../store/database.ts';
import { localDatasetSource } from './local-dataset-source.ts';
import { type Writeback, checkWriteback, inPane } from './writeback.ts';

/** What a person saves, as it is kept with each version. No secrets: those are the accounts'. */
export type Definition = CallOf<typeof writebackEndpoints.createWriteback>['body'];

/** What a definition is assembled with. */
export interface AssemblyParts {
  readonly db: Db;
  readonly registry: Registry;
  readonly keyRing: KeyRing;
  readonly dataFolder: string;
}

/** The saved thing that a definition is of. */
export interface WritebackOf {
  readonly id: string;
  readonly ownerId: string;
}

/** An account that a definition names, and where it does. */
interface NamedAccount {
  readonly id: string | undefined;
  /** `domo`, or a connector's id. */
  readonly kind: string;
  readonly field: 'accountId' | 'sourceAccountId';
  /** Where its values go. */
  readonly pane: 'credentials' | 'source';
}

/** Which values of a source are its account's. */
const accountsOwn = ['clientId', 'clientSecret', 'baseUrl'];

/**
 * Makes a writeback that can run of what was saved: the accounts opened, a local DataSet's file in place of its id, and all
 * of it checked. Throws what `checkWriteback` throws, and UserErrors `writeback-account-…`, `writeback-dataset-unknown`,
 * `seal-…`, with the path of the field in the definition.
 */
export async function assemble(
  definition: Definition,
  { id, ownerId }: WritebackOf,
  parts: AssemblyParts,
): Promise<Writeback> {
  const { name, connector, details, timeZone, accountId } = definition;
  const account = { id: accountId, kind: connector, field: 'accountId', pane: 'credentials' } as const;
  const needed = accountId !== undefined || hasFields(connector, parts.registry);
  const credentials = needed ? await openAccount(account, ownerId, parts) : {};
  const source = await sourceOf(definition, ownerId, parts);
  return checkWriteback({ id, name, source, connector, credentials, details, timeZone }, parts.registry);
}

const hasFields = (connector: string, registry: Registry): boolean =>
  Object.keys(accountKind(registry, connector).fields).length > 0;

async function sourceOf(
  { source, sourceAccountId }: Definition,
  ownerId: string,
  parts: AssemblyParts,
): Promise<PaneValues> {
  if (source['kind'] === 'local') return localDatasetSource(source, parts);
  if ((source['kind'] ?? domoKind) !== domoKind) return source;
  const own = accountsOwn.find((key) => source[key] !== undefined);
  if (own !== undefined) {
    throw new UserError('writeback-account-value', `"${own}" is a value of the Domo account.`, {
      field: `source.${own}`,
      remedy: 'Leave it out here, and name the account in "sourceAccountId".',
    });
  }
  const account = { id: sourceAccountId, kind: domoKind, field: 'sourceAccountId', pane: 'source' } as const;
  return { ...source, ...(await openAccount(account, ownerId, parts)) };
}

/** The values of an account that the owner may use, secrets included. */
async function openAccount(
  { id, kind, field, pane }: NamedAccount,
  ownerId: string,
  { db, registry, keyRing }: AssemblyParts,
): Promise<PaneValues> {
  const { name } = accountKind(registry, kind);
  if (id === undefined) {
    throw new UserError('writeback-account-missing', `No account of ${name} is chosen.`, {
      field,
      remedy: 'Choose one, or make one under Accounts.',
    });
  }
  const account = await findAccount(db, id);
  // Whether an account is there is told to nobody who may not use it.
  if (!account || !(await findAccess(db, id, ownerId))) {
    throw new UserError('writeback-account-unknown', `There is no account ${id} that the owner may use.`, {
      field,
      remedy: 'Choose one of the owner’s accounts, or let it be shared with the owner.',
    });
  }
  if (account.connector !== kind) {
    throw new UserError('writeback-account-kind', `"${account.name}" is not an account of ${name}.`, {
      field,
      remedy: `Choose an account of ${name}.`,
    });
  }
  return { ...account.credentials, ...inPane(pane, () => openSecrets(keyRing, id, account.secrets)) };
}
