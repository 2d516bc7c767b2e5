import { domoKind } from '../../account/account-kinds.ts';
import type { Contract } from '../../contract/contract.ts';
import { UserError } from '../../errors.ts';
import type { DatasetSummary, Source } from '../../source/source.ts';
import type { Db } from '../../store/database.ts';
import { reachAccount } from '../accounts/access.ts';
import { type OpeningParts, openedAccount, withDomoOf } from '../accounts/opened-account.ts';
import type { Caller } from '../caller.ts';
import type { Handler } from '../serve.ts';
import { createTryLimit } from '../try-limit.ts';

/** What Domo is reached with. */
export interface DomoParts extends OpeningParts {
  readonly db: Db;
}

/** Lends Domo as an account of the caller's sees it. Throws UserError `account-not-domo`, and what `reachAccount` throws. */
async function withDomo<T>(
  parts: DomoParts,
  caller: Caller,
  accountId: string,
  use: (source: Source) => Promise<T>,
): Promise<T> {
  const { account } = await reachAccount(parts.db, caller, accountId, 'read');
  if (account.connector !== domoKind)
    throw new UserError('account-not-domo', `"${account.name}" is no account of Domo.`, {
      remedy: 'Choose an account of Domo.',
    });
  return withDomoOf(openedAccount(parts, account), use);
}

/** The page after the DataSet `after`. Domo is asked for no more of its list than the page needs. */
async function pageOfDomo(
  all: AsyncIterable<DatasetSummary>,
  { search = '', after, limit = 50 }: { search?: string; after?: string; limit?: number },
): Promise<{ items: DatasetSummary[]; next?: string }> {
  const items: DatasetSummary[] = [];
  let begun = after === undefined;
  for await (const one of all) {
    if (begun && items.length === limit) return { items, next: items.at(-1)!.id };
    if (begun && one.name.toLowerCase().includes(search.toLowerCase())) items.push(one);
    begun ||= one.id === after;
  }
  return { items };
}

/** DataSets in Domo, seen through an account. Sixty calls a minute for each person. */
export function domoHandlers(parts: DomoParts) {
  const limit = createTryLimit(60, 60_000);
  const list: Handler<Contract['listDomoDatasets']> = async ({ params, query }, { caller, signal }) => {
    limit.count(caller!.personId);
    return withDomo(parts, caller!, params.id, (source) => pageOfDomo(source.list(signal), query));
  };
  const describe: Handler<Contract['describeDomoDataset']> = async ({ params }, { caller, signal }) => {
    limit.count(caller!.personId);
    return withDomo(parts, caller!, params.id, async (source) => {
      const { columns, ...rest } = await source.describe(params.datasetId, signal);
      return { ...rest, columns: columns.map(({ name, type }) => ({ name, type })) };
    });
  };
  return { listDomoDatasets: list, describeDomoDataset: describe };
}
