import { basename, dirname, resolve } from 'node:path';
import { definitionKeys } from '../../contract/writebacks.ts';
import { UserError } from '../../errors.ts';

export type Group = Readonly<Record<string, unknown>>;

/** An account as a file describes it, secrets included. */
export interface WantedAccount {
  readonly name: string;
  /** `domo`, or a connector's id. */
  readonly connector: string;
  readonly credentials: Group;
}

/** A file that is to be a local DataSet. */
export interface WantedDataset {
  readonly name: string;
  readonly path: string;
}

/** A writeback as a file describes it; what it refers to is told by name. */
export interface WantedWriteback {
  readonly name: string;
  readonly account?: string | undefined;
  readonly sourceAccount?: string | undefined;
  readonly dataset?: string | undefined;
  /** All else of it, as the API takes it. */
  readonly definition: Group;
}

/** What some files describe together. */
export interface Wanted {
  readonly accounts: readonly WantedAccount[];
  readonly datasets: readonly WantedDataset[];
  readonly writebacks: readonly WantedWriteback[];
}

const text = (group: Group, key: string): string => {
  const value = group[key];
  if (typeof value === 'string' && value.trim() !== '') return value;
  throw new UserError('apply-invalid', `"${key}" is missing, or is not a text.`, { field: key });
};

function group(value: unknown, key: string): Group {
  if (value === undefined || value === null) return {};
  if (typeof value === 'object' && !Array.isArray(value)) return value as Group;
  throw new UserError('apply-invalid', `"${key}" must be a group of fields.`, { field: key });
}

function onlyKeys(value: Group, known: readonly string[], what: string): void {
  const unknown = Object.keys(value).find((key) => !known.includes(key));
  if (unknown === undefined) return;
  throw new UserError('apply-unknown-key', `${what} has no "${unknown}".`, {
    field: unknown,
    remedy: `It may have: ${known.join(', ')}.`,
  });
}

/** A file with the key `account`. */
function accountOf(file: Group): Wanted {
  onlyKeys(file, ['account', 'connector', 'credentials'], 'An account');
  const credentials = group(file['credentials'], 'credentials');
  const account = { name: text(file, 'account'), connector: text(file, 'connector'), credentials };
  return { accounts: [account], datasets: [], writebacks: [] };
}

/** What a source comes to: an account or a DataSet of its own, and what is left for the definition. */
interface WantedSource {
  readonly accounts?: readonly WantedAccount[];
  readonly datasets?: readonly WantedDataset[];
  readonly refers: Pick<WantedWriteback, 'sourceAccount' | 'dataset'>;
  readonly source: Group;
}

function localSource({ path, dataset, name, ...source }: Group, folder: string): WantedSource {
  if (source['columns'] !== undefined)
    throw new UserError('apply-invalid', 'A DataSet at the server has the types that its upload inferred.', {
      field: 'source.columns',
      remedy: 'Leave "columns" out, and cast in the query where another type is meant.',
    });
  if (path === undefined) return { refers: { dataset: text({ dataset }, 'dataset') }, source };
  const file = resolve(folder, text({ path }, 'path'));
  const called = name === undefined ? basename(file) : text({ name }, 'name');
  return { datasets: [{ name: called, path: file }], refers: { dataset: called }, source };
}

function domoSource({ account, clientId, clientSecret, baseUrl, ...rest }: Group): WantedSource {
  const source = { kind: 'domo', ...rest };
  if (account !== undefined) return { refers: { sourceAccount: text({ account }, 'account') }, source };
  const values = Object.entries({ clientId, clientSecret, baseUrl }).filter(
    ([, value]) => value !== undefined,
  );
  const credentials = Object.fromEntries(values);
  const name = `Domo ${text(credentials, 'clientId')}`;
  return { accounts: [{ name, connector: 'domo', credentials }], refers: { sourceAccount: name }, source };
}

/** What stands in a file under another name, or is read apart. */
const apart = ['name', 'source', 'connector', 'accountId', 'sourceAccountId'];

/** What stands in a file as the API takes it. */
const plainKeys = definitionKeys.filter((key) => !apart.includes(key));

function writebackOf(file: Group, folder: string): Wanted {
  onlyKeys(file, ['name', 'source', 'connector', 'account', 'credentials', ...plainKeys], 'A writeback');
  const [name, connector] = [text(file, 'name'), text(file, 'connector')];
  const given = group(file['source'], 'source');
  const local = given['kind'] === 'local';
  const {
    accounts = [],
    datasets = [],
    refers,
    source,
  } = local ? localSource(given, folder) : domoSource(given);
  const own = { name, connector, credentials: group(file['credentials'], 'credentials') };
  const account = file['account'] === undefined ? name : text(file, 'account');
  const rest = Object.fromEntries(plainKeys.flatMap((key) => (key in file ? [[key, file[key]]] : [])));
  return {
    accounts: file['account'] === undefined ? [...accounts, own] : accounts,
    datasets,
    writebacks: [{ name, account, ...refers, definition: { name, connector, source, ...rest } }],
  };
}

/**
 * What one file describes: an account (it has the key `account` and no `name`), or a writeback, whose credentials stand in it
 * or are an account's. The same file that `writeback run` takes will do: what it holds of credentials becomes accounts.
 * Throws UserErrors `apply-…`.
 */
export function wantedIn(file: Group, path: string): Wanted {
  return 'name' in file ? writebackOf(file, dirname(resolve(path))) : accountOf(file);
}
