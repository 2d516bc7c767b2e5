import { type Delivered, deliver } from '../connector/deliver.ts';
import { csvRecord } from '../dataset/csv-record.ts';
import type { CsvBytes } from '../dataset/dataset.ts';
import { datasetIdOf } from '../source/create-source.ts';
import type { OpenDataset, Source } from '../source/source.ts';
import { termsOf } from './move-parts.ts';
import type { RowsToMove } from './move-rows.ts';
import type { RowsAgain } from './rows-again.ts';

async function* csvOf({ dataset, rows }: RowsAgain): CsvBytes {
  yield Buffer.from(csvRecord(dataset.columns.map(({ name }) => name)));
  for (const { cells } of rows) yield Buffer.from(`${cells}\n`);
}

/**
 * Writes rows again that an earlier run rejected. Of the source only the right to its DataSet is asked: the rows are those that
 * were read then. Throws as `moveRows` does.
 */
export async function moveRowsAgain(work: RowsToMove, source: Source, again: RowsAgain): Promise<Delivered> {
  const { writeback, signal, progress } = work;
  await source.checkOwnership?.(datasetIdOf(writeback.source), signal);
  const opened: OpenDataset = { dataset: again.dataset, body: csvOf(again), verify: async () => {} };
  work.started?.(again.dataset, again.as, again.rows.length);
  const terms = termsOf(work, again.as, opened);
  return deliver({ ...terms, rowNumbers: again.rows.map(({ row }) => row), ...(progress && { progress }) });
}
