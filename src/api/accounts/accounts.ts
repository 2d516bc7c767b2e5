import { type AccountKind, accountKind } from '../../account/account-kinds.ts';
import { type Credentials, changedCredentials, newCredentials } from '../../account/credentials.ts';
import type { KeyRing } from '../../account/key-ring.ts';
import { openSecrets, sealSecrets } from '../../account/seal.ts';
import type { Registry } from '../../connector/registry.ts';
import type { Contract } from '../../contract/contract.ts';
import { UserError, restated } from '../../errors.ts';
import {
  type Account,
  accountsAfter,
  deleteAccount,
  insertAccount,
  listAccountsOf,
  updateAccount,
} from '../../store/account.ts';
import { share } from '../../store/account-share.ts';
import type { Db } from '../../store/database.ts';
import { newId } from '../../store/new-id.ts';
import { countUses, listWritebacks, updateWriteback } from '../../store/writeback.ts';
import { audited } from '../audited.ts';
import type { Caller } from '../caller.ts';
import { pageOfAll } from '../page.ts';
import type { Handler } from '../serve.ts';
import { reachAccount } from './access.ts';
import { accountAnswer } from './account-answer.ts';

/** What the handlers of accounts work with. */
export interface AccountParts {
  readonly db: Db;
  readonly registry: Registry;
  readonly keyRing: KeyRing;
}

/** More than an installation has; a list is cut into pages after its sorting. */
const most = 10_000;

/** The columns of a row that hold credentials. */
function columnsOf(keyRing: KeyRing, id: string, { plain, secrets }: Credentials) {
  return { credentials: JSON.stringify(plain), secrets: JSON.stringify(sealSecrets(keyRing, id, secrets)) };
}

async function visible(db: Db, caller: Caller) {
  if (caller.role !== 'admin') return listAccountsOf(db, caller.personId);
  const all = await accountsAfter(db, '', most);
  return all.map((account) => ({ ...account, access: 'owner' as const }));
}

const sortKeys = {
  name: ({ name }: Account) => name.toLowerCase(),
  connector: ({ connector }: Account) => connector,
  createdAt: ({ createdAt }: Account) => createdAt.toISOString(),
  updatedAt: ({ updatedAt }: Account) => updatedAt.toISOString(),
};

const list =
  ({ db }: AccountParts): Handler<Contract['listAccounts']> =>
  async ({ query: { connector, sort = 'name', ...paging } }, { caller }) => {
    const found = (await visible(db, caller!)).filter(
      (one) => (connector ?? one.connector) === one.connector,
    );
    const keyOf = sortKeys[sort];
    const sorted = found.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : keyOf(a) > keyOf(b) ? 1 : 0));
    const { items, ...next } = pageOfAll(sorted, paging);
    const uses = await countUses(
      db,
      items.map(({ id }) => id),
    );
    return { items: items.map((one) => accountAnswer(one, one.access, uses.get(one.id) ?? 0)), ...next };
  };

const create =
  ({ db, registry, keyRing }: AccountParts): Handler<Contract['createAccount']> =>
  async ({ body }, { caller }) => {
    const kind = accountKind(registry, body.connector);
    const { connector, name = `${kind.name} Account` } = body;
    const id = newId('account');
    const columns = columnsOf(
      keyRing,
      id,
      inCredentials(() => newCredentials(kind.fields, body.credentials)),
    );
    const deed = {
      actor: caller!.personId,
      action: 'account.create',
      target: id,
      details: { connector, name },
    };
    return audited(db, deed, async (transaction) => {
      const account = await insertAccount(transaction, { id, connector, name, ...columns, testedAt: null });
      await share(transaction, { accountId: id, personId: caller!.personId, access: 'owner' });
      return accountAnswer(account, 'owner', 0);
    });
  };

const get =
  ({ db }: AccountParts): Handler<Contract['getAccount']> =>
  async ({ params: { id } }, { caller }) => {
    const { account, access } = await reachAccount(db, caller!, id, 'read');
    return accountAnswer(account, access, (await countUses(db, [id])).get(id) ?? 0);
  };

function changedColumns(
  keyRing: KeyRing,
  account: Account,
  kind: AccountKind,
  typed: Readonly<Record<string, unknown>>,
) {
  const secrets = openSecrets(keyRing, account.id, account.secrets);
  const before = { plain: account.credentials, secrets };
  const after = inCredentials(() => changedCredentials(kind.fields, before, typed));
  return { ...columnsOf(keyRing, account.id, after), state: 'untested' as const, testedAt: null };
}

const change =
  ({ db, registry, keyRing }: AccountParts): Handler<Contract['changeAccount']> =>
  async ({ params: { id }, body: { name, credentials } }, { caller }) => {
    const details = { name, credentials: credentials && Object.keys(credentials) };
    const deed = { actor: caller!.personId, action: 'account.change', target: id, details };
    return audited(db, deed, async (transaction) => {
      const { account, access } = await reachAccount(transaction, caller!, id, 'edit');
      const kind = accountKind(registry, account.connector);
      const columns = credentials && changedColumns(keyRing, account, kind, credentials);
      const changed = await updateAccount(transaction, id, account.version, {
        ...(name !== undefined && { name }),
        ...columns,
      });
      if (!changed)
        throw new UserError('account-conflict', 'The account was changed by somebody else meanwhile.', {
          remedy: 'Load it again.',
        });
      return accountAnswer(changed, access, (await countUses(transaction, [id])).get(id) ?? 0);
    });
  };

const remove =
  ({ db }: AccountParts): Handler<Contract['deleteAccount']> =>
  async ({ params: { id }, query: { evenIfUsed } }, { caller }) => {
    const deed = { actor: caller!.personId, action: 'account.delete', target: id, details: {} };
    return audited(db, deed, async (transaction) => {
      const { account } = await reachAccount(transaction, caller!, id, 'owner');
      const uses = await listWritebacks(transaction, { accountId: id, limit: most });
      if (uses.length > 0 && !evenIfUsed)
        throw inUse(
          account,
          uses.map(({ name }) => name),
        );
      const pausedBecause = `The account "${account.name}" was deleted.`;
      for (const use of uses) {
        const rest = {
          ...(use.accountId === id && { accountId: null }),
          ...(use.sourceAccountId === id && { sourceAccountId: null }),
        };
        await updateWriteback(transaction, use.id, { ...rest, state: 'paused', pausedBecause });
      }
      await deleteAccount(transaction, id);
      return null;
    });
  };

function inUse({ name }: Account, writebacks: readonly string[]): UserError {
  const listed = writebacks.slice(0, 20).join(', ');
  const sentence = `These writebacks use the account "${name}" and would stop: ${listed}.`;
  return new UserError('account-in-use-conflict', sentence, {
    remedy: 'Give them another account, or delete it even so.',
  });
}

/** An error of the pane bears its field as the path of the call's body. */
function inCredentials<T>(check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof UserError) || error.field === undefined) throw error;
    throw restated(error, error.message, `credentials.${error.field}`);
  }
}

/** Saved credentials: what may be shown is answered, secrets only go in. */
export const accountHandlers = (parts: AccountParts) => ({
  listAccounts: list(parts),
  createAccount: create(parts),
  getAccount: get(parts),
  changeAccount: change(parts),
  deleteAccount: remove(parts),
});
