import type { Run as ConnectorRun } from '../connector/contract.ts';
import { listedRows } from '../connector/tally.ts';
import type { Column, ColumnType, Dataset } from '../dataset/dataset.ts';
import { UserError } from '../errors.ts';
import type { Db } from '../store/database.ts';
import { findRejectedDataset, rejectedRowsAfter } from '../store/rejected-row.ts';
import type { Run } from '../store/run.ts';

/** Rows that an earlier run rejected, to be written again by themselves. Plain data. */
export interface RowsAgain {
  readonly dataset: Dataset;
  /** As which run they are written: the one that met them first. So nothing is there twice, however often they come. */
  readonly as: ConnectorRun;
  /** With the numbers that they had in the DataSet. */
  readonly rows: readonly { readonly row: number; readonly cells: string }[];
}

/** The rows that a run is to try again; undefined when it is of the whole DataSet. Throws UserError `rejected-rows-gone`. */
export async function rowsAgainOf(db: Db, { cause, retries }: Run): Promise<RowsAgain | undefined> {
  if (cause !== 'rejected-rows') return undefined;
  const dataset = retries ? await findRejectedDataset(db, retries.rowsOf) : undefined;
  if (!retries || !dataset)
    throw new UserError(
      'rejected-rows-gone',
      'The run that rejected these rows was removed, and they with it.',
      {
        remedy: 'Run the writeback as a whole.',
      },
    );
  const kept = await rejectedRowsAfter(db, retries.rowsOf, 0, listedRows);
  const columns = dataset.columns.map(({ name, type }): Column => ({ name, type: type as ColumnType }));
  return {
    dataset: { ...dataset, columns },
    as: { ...retries.as, startedAt: new Date(retries.as.startedAt) },
    rows: kept.flatMap(({ row, cells }) => (cells === null ? [] : { row, cells })),
  };
}
