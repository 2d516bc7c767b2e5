import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { stringify } from 'yaml';
import type { Client } from '../contract/client.ts';
import { definitionKeys } from '../contract/writebacks.ts';
import { UserError } from '../errors.ts';
import { type Command, exitCodes } from './command.ts';
import {
  type AccountAnswer,
  type WritebackAnswer,
  all,
  allAccounts,
  allChannels,
  allWritebacks,
} from './find.ts';
import { serverOption, withServer } from './server.ts';
import { createTell } from './tell.ts';

/** A file of the export, by its path in the folder. */
type Exported = readonly [path: string, content: object];

/** `Sales to the partner` → `sales-to-the-partner`. */
const slug = (name: string) =>
  name
    .normalize('NFKD')
    .replaceAll(/[^A-Za-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')
    .toLowerCase() || 'unnamed';

/** The environment variable that a secret is to be given in: `SALES_SFTP_PASSWORD`. */
const variableOf = (account: string, field: string) =>
  `${slug(account)}-${field.replaceAll(/([a-z0-9])([A-Z])/g, '$1-$2')}`.replaceAll('-', '_').toUpperCase();

function accountFile({ name, connector, credentials, secrets }: AccountAnswer): object {
  const variables = secrets.map((field) => [field, `\${${variableOf(name, field)}}`]);
  return { account: name, connector, credentials: { ...credentials, ...Object.fromEntries(variables) } };
}

interface Names {
  readonly accounts: ReadonlyMap<string, string>;
  readonly datasets: ReadonlyMap<string, string>;
  readonly channels: ReadonlyMap<string, string>;
}

/** Channels by their names; `default` is none of them. */
function alertsFile(alerts: WritebackAnswer['alerts'], { channels }: Names): object | undefined {
  if (!alerts?.channels) return alerts;
  return { ...alerts, channels: alerts.channels.map((id) => channels.get(id) ?? id) };
}

function sourceFile({ source, sourceAccountId }: WritebackAnswer, { accounts, datasets }: Names): object {
  const { datasetId, ...rest } = source;
  if (source['kind'] === 'local') return { ...rest, dataset: datasets.get(String(datasetId)) ?? datasetId };
  const account = sourceAccountId === undefined ? {} : { account: accounts.get(sourceAccountId) };
  return { kind: 'domo', ...account, ...source };
}

function writebackFile(writeback: WritebackAnswer, names: Names): object {
  const { accountId, sourceAccountId: _, ...rest } = writeback;
  const account = accountId === undefined ? undefined : names.accounts.get(accountId);
  const [source, alerts] = [sourceFile(writeback, names), alertsFile(writeback.alerts, names)];
  const all: Readonly<Record<string, unknown>> = { ...rest, source, account, alerts };
  const keys = definitionKeys.map((key) => (key === 'accountId' ? 'account' : key));
  return Object.fromEntries(keys.flatMap((key) => (all[key] === undefined ? [] : [[key, all[key]]])));
}

/** Two things whose names make the same file name get numbers. */
function named(folder: string, files: readonly (readonly [name: string, content: object])[]): Exported[] {
  const taken = new Map<string, number>();
  return files.map(([name, content]): Exported => {
    const base = slug(name);
    const before = taken.get(base) ?? 0;
    taken.set(base, before + 1);
    return [join(folder, `${base}${before === 0 ? '' : `-${before + 1}`}.yaml`), content];
  });
}

async function exported(client: Client): Promise<Exported[]> {
  const [accounts, datasets, writebacks, channels] = await Promise.all([
    allAccounts(client),
    all((query) => client.listDatasets({ query })),
    allWritebacks(client),
    allChannels(client),
  ]);
  const names = {
    accounts: new Map(accounts.map(({ id, name }) => [id, name])),
    datasets: new Map(datasets.map(({ id, name }) => [id, name])),
    channels: new Map(channels.map(({ id, name }) => [id, name])),
  };
  return [
    ...named(
      'accounts',
      accounts.map((one) => [one.name, accountFile(one)]),
    ),
    ...named(
      'writebacks',
      writebacks.map((one) => [one.name, writebackFile(one, names)]),
    ),
  ];
}

async function write(folder: string, [path, content]: Exported): Promise<void> {
  const file = join(folder, path);
  try {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, stringify(content));
  } catch (cause) {
    throw new UserError('export-file', `${file} cannot be written: ${(cause as Error).message}.`, { cause });
  }
}

/** `writeback export DIR`. */
export const exportCommand: Command = {
  name: 'export',
  summary:
    'Write the accounts and writebacks of a server into a folder, for git and "apply". Secrets become ${NAME}.',
  usage: 'DIR',
  minimum: 1,
  maximum: 1,
  options: serverOption,
  async run(typed, context) {
    const [folder = ''] = typed.positionals;
    const files = await withServer(typed, context, ({ client }) => exported(client));
    const tell = createTell(typed, context);
    for (const file of files) {
      await write(folder, file);
      tell('file', { path: join(folder, file[0]) }, () => [join(folder, file[0])]);
    }
    return exitCodes.done;
  },
};
