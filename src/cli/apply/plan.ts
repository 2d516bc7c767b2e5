import type { Registry } from '../../connector/registry.ts';
import { defaultChannels } from '../../contract/alerts.ts';
import type { Client } from '../../contract/client.ts';
import { UserError } from '../../errors.ts';
import { uploadFile } from '../upload-file.ts';
import {
  type AccountAnswer,
  type WritebackAnswer,
  all,
  allAccounts,
  allChannels,
  allWritebacks,
} from '../find.ts';
import { checkWritebacks } from './check-writebacks.ts';
import { planAccounts } from './plan-accounts.ts';
import { planWritebacks } from './plan-writebacks.ts';
import { type Ids, type Step, accountKey } from './step.ts';
import type { Group, Wanted, WantedDataset } from './wanted.ts';

/** How a plan is made. */
export interface PlanOptions {
  readonly registry: Registry;
  /** The tag of what this folder keeps at the server. */
  readonly label: string;
  /** Delete what bears the label and is not in the folder any more. */
  readonly prune: boolean;
  /** Send all secrets again, as they cannot be compared. */
  readonly secrets: boolean;
}

/** What is to be done, in order, and the ids that it begins with. */
export interface Plan {
  readonly steps: readonly Step[];
  readonly ids: Ids;
}

const uploadStep = ({ name, path }: WantedDataset): Step => ({
  action: 'create',
  kind: 'dataset',
  name,
  changes: [],
  async act(client, { datasets }) {
    datasets.set(name, (await uploadFile(client, path, name)).id);
  },
});

const deleteWriteback = ({ id, name }: WritebackAnswer): Step => ({
  action: 'delete',
  kind: 'writeback',
  name,
  changes: [],
  async act(client) {
    await client.deleteWriteback({ params: { id } });
  },
});

/** Only when nothing else uses it: that somebody else does is no mistake. */
const deleteAccount = ({ id, name }: AccountAnswer): Step => ({
  action: 'delete',
  kind: 'account',
  name,
  changes: [],
  async act(client) {
    await client.deleteAccount({ params: { id }, query: {} }).catch((error: unknown) => {
      if (!(error instanceof UserError) || error.code !== 'account-in-use-conflict') throw error;
    });
  },
});

/** What the folder kept once and keeps no more: writebacks with its label, and the accounts that only those used. */
function planDeletions(
  wanted: Wanted,
  writebacks: readonly WritebackAnswer[],
  accounts: readonly AccountAnswer[],
  label: string,
): Step[] {
  const isWanted = ({ name }: { name: string }) => wanted.writebacks.some((one) => one.name === name);
  const gone = writebacks.filter((one) => one.tags?.includes(label) === true && !isWanted(one));
  const uses = ({ accountId, sourceAccountId }: WritebackAnswer, id: string) =>
    accountId === id || sourceAccountId === id;
  const unused = accounts.filter(
    ({ id }) =>
      gone.some((one) => uses(one, id)) && !writebacks.some((one) => !gone.includes(one) && uses(one, id)),
  );
  const kept = ({ name, connector }: AccountAnswer) =>
    wanted.accounts.some((one) => one.name === name && one.connector === connector);
  return [...gone.map(deleteWriteback), ...unused.filter((one) => !kept(one)).map(deleteAccount)];
}

/** The alert channels that a file names; a list of something else is the server's to refuse. */
function channelsOf({ alerts }: Group): string[] {
  const { channels } = (alerts ?? {}) as Group;
  return Array.isArray(channels) ? channels.map(String) : [];
}

/** Throws UserError `apply-unknown` for a name that neither the server nor the files know. */
function checkReferences(wanted: Wanted, { accounts, datasets, channels }: Ids): void {
  const known = new Set([
    ...accounts.keys(),
    ...wanted.accounts.map(({ connector, name }) => accountKey(connector, name)),
    ...[...datasets.keys(), ...wanted.datasets.map(({ name }) => name)].map((name) => `DataSet/${name}`),
  ]);
  const unknown = (name: string, what: string) =>
    new UserError('apply-unknown', `"${name}" refers to the ${what}, which there is not.`);
  for (const { name, account, sourceAccount, dataset, definition } of wanted.writebacks) {
    const refers: [string, string | undefined][] = [
      [String(definition['connector']), account],
      ['domo', sourceAccount],
      ['DataSet', dataset],
    ];
    for (const [kind, word] of refers) {
      if (word === undefined || known.has(accountKey(kind, word))) continue;
      throw unknown(name, `${kind === 'DataSet' ? 'DataSet' : `account of ${kind}`} "${word}"`);
    }
    const channel = channelsOf(definition).find((one) => one !== defaultChannels && !channels.has(one));
    if (channel !== undefined) throw unknown(name, `alert channel "${channel}"`);
  }
}

/** What makes the server be as the files want it. Nothing is done yet. Throws UserErrors of what can be seen beforehand. */
export async function planFor(wanted: Wanted, client: Client, options: PlanOptions): Promise<Plan> {
  const { registry, label, prune, secrets } = options;
  const [accounts, datasets, writebacks, channels] = await Promise.all([
    allAccounts(client),
    all((query) => client.listDatasets({ query })),
    allWritebacks(client),
    allChannels(client),
  ]);
  const ids: Ids = {
    accounts: new Map(accounts.map(({ id, name, connector }) => [accountKey(connector, name), id])),
    datasets: new Map(datasets.map(({ id, name }) => [name, id])),
    channels: new Map(channels.map(({ id, name }) => [name, id])),
  };
  checkReferences(wanted, ids);
  await checkWritebacks(wanted.writebacks, registry, client);
  const steps = [
    ...wanted.datasets.filter(({ name }) => !ids.datasets.has(name)).map(uploadStep),
    ...planAccounts(wanted.accounts, accounts, registry, secrets),
    ...planWritebacks(wanted.writebacks, writebacks, label, ids),
    ...(prune ? planDeletions(wanted, writebacks, accounts, label) : []),
  ];
  return { steps, ids };
}
