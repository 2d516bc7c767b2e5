import { accountKind, domoKind } from '../../account/account-kinds.ts';
import { type Credentials, newCredentials } from '../../account/credentials.ts';
import type { Registry } from '../../connector/registry.ts';
import { changesBetween } from '../../contract/changes.ts';
import { UserError, restated } from '../../errors.ts';
import type { AccountAnswer } from '../find.ts';
import { type Step, accountKey } from './step.ts';
import type { WantedAccount } from './wanted.ts';

/** The checked credentials, defaults included, as the server will keep them. */
function checked({ name, connector, credentials }: WantedAccount, registry: Registry): Credentials {
  try {
    return newCredentials(accountKind(registry, connector).fields, credentials);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw restated(error, `Account "${name}": ${error.message}`, error.field);
  }
}

function createStep(account: WantedAccount): Step {
  const { name, connector, credentials } = account;
  return {
    action: 'create',
    kind: 'account',
    name,
    changes: [],
    async act(client, { accounts }) {
      const { id } = await client.createAccount({ body: { name, connector, credentials } });
      accounts.set(accountKey(connector, name), id);
    },
  };
}

/** Secrets cannot be compared, as the server never tells them: they are sent where one is missing, or all when asked to. */
function changeStep(
  { name, credentials }: WantedAccount,
  there: AccountAnswer,
  { plain, secrets }: Credentials,
  sendSecrets: boolean,
): Step | undefined {
  const sent = Object.keys(secrets).filter((id) => sendSecrets || !there.secrets.includes(id));
  const changes = [
    ...changesBetween(there.credentials, plain),
    ...sent.map((id) => ({ path: id, after: '(secret)' })),
  ];
  if (changes.length === 0) return undefined;
  const gone = Object.keys(there.credentials).filter((id) => !(id in plain));
  const body = { credentials: { ...Object.fromEntries(gone.map((id) => [id, null])), ...credentials } };
  return {
    action: 'change',
    kind: 'account',
    name,
    changes,
    async act(client) {
      await client.changeAccount({ params: { id: there.id }, body });
    },
  };
}

/** What makes the accounts as they are wanted. Throws UserErrors of the fields, and `apply-ambiguous`. */
export function planAccounts(
  wanted: readonly WantedAccount[],
  there: readonly AccountAnswer[],
  registry: Registry,
  sendSecrets: boolean,
): Step[] {
  return wanted.flatMap((account) => {
    const { name, connector } = account;
    const credentials = checked(account, registry);
    const found = there.filter((one) => one.name === name && one.connector === connector);
    const what = connector === domoKind ? 'Domo accounts' : `accounts of ${connector}`;
    if (found.length > 1)
      throw new UserError('apply-ambiguous', `${found.length} ${what} are called "${name}".`, {
        remedy: 'Rename or delete all but one of them.',
      });
    const [one] = found;
    return (one ? changeStep(account, one, credentials, sendSecrets) : createStep(account)) ?? [];
  });
}
