import type { Column } from '../../dataset/dataset.ts';
import type { Contract } from '../../contract/contract.ts';
import { UserError } from '../../errors.ts';
import type { LocalDataset } from '../../store/local-dataset.ts';
import type { Handler } from '../serve.ts';
import { createTryLimit } from '../try-limit.ts';
import { withFile } from './inspect-file.ts';
import { reachDataset } from './reach-dataset.ts';
import type { DatasetParts } from './upload-dataset.ts';

/** What a preview and a query may show. */
const most = { preview: 100, query: 1000 };

/** A query that takes longer is for a run. Milliseconds. */
const longest = 30_000;

async function ask(
  { dataFolder }: DatasetParts,
  { file, name, columns }: LocalDataset,
  asked: { readonly query: string; readonly limit: number },
  gone: AbortSignal,
) {
  const tooLong = AbortSignal.timeout(longest);
  const signal = AbortSignal.any([gone, tooLong]);
  const saved = { dataFolder, file, name, columns: columns as readonly Column[] };
  const rows = withFile(saved, async (source, datasetId) => {
    const found = await source.query({ datasetId, ...asked, signal });
    return { columns: [...found.columns], rows: found.rows };
  });
  return rows.catch((error: unknown) => {
    if (!tooLong.aborted || gone.aborted) throw error;
    throw new UserError('dataset-query-long', `The query took more than ${longest / 1000} seconds.`, {
      remedy: 'Ask for less, or let a writeback run it.',
      field: 'query',
      cause: error,
    });
  });
}

/** Rows of a local DataSet for a person to look at. Sixty queries a minute for each. */
export function queryHandlers(parts: DatasetParts) {
  const limit = createTryLimit(60, 60_000);
  const preview: Handler<Contract['previewDataset']> = async ({ params: { id } }, { caller, signal }) => {
    limit.count(caller!.personId);
    const dataset = await reachDataset(parts.db, caller!, id);
    return ask(parts, dataset, { query: 'SELECT * FROM tbl', limit: most.preview }, signal);
  };
  const query: Handler<Contract['queryDataset']> = async ({ params: { id }, body }, { caller, signal }) => {
    limit.count(caller!.personId);
    const dataset = await reachDataset(parts.db, caller!, id);
    return ask(parts, dataset, { query: body.query, limit: most.query }, signal);
  };
  return { previewDataset: preview, queryDataset: query };
}
