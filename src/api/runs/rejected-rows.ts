import type { Contract } from '../../contract/contract.ts';
import { csvRecord } from '../../dataset/csv-record.ts';
import type { Db } from '../../store/database.ts';
import { findRejectedDataset, rejectedRowsAfter } from '../../store/rejected-row.ts';
import { numberAfter } from '../page.ts';
import { present } from '../present.ts';
import type { Handler } from '../serve.ts';
import { reachWriteback } from '../writebacks/reach-writeback.ts';
import { reachRun } from './reach-run.ts';

/** Rows that are read at once for a download. */
const page = 1000;

const list =
  (db: Db): Handler<Contract['listRejectedRows']> =>
  async ({ params: { id }, query: { after, limit = 50 } }) => {
    await reachRun(db, id);
    const found = await rejectedRowsAfter(db, id, numberAfter(after), limit + 1);
    const items = found.slice(0, limit);
    return {
      items: items.map(({ row, column, reason }) => ({ row, reason, ...present({ column }) })),
      ...(found.length > limit && { next: String(items.at(-1)!.number) }),
    };
  };

/** What stands after the columns of the DataSet, named as Domo names what it adds. */
const added = ['_ROW_', '_COLUMN_', '_REASON_'];

/** A record as it came, and what is told of it; of one that was not kept, all cells are empty. */
async function* csvOf(db: Db, runId: string): AsyncGenerator<string> {
  const columns = (await findRejectedDataset(db, runId))?.columns ?? [];
  yield csvRecord([...columns.map(({ name }) => name), ...added]);
  const missing = csvRecord(columns.map(() => null)).trimEnd();
  for (let after = 0; ;) {
    const rows = await rejectedRowsAfter(db, runId, after, page);
    const records = rows.map(({ row, column, reason, cells }) => {
      const told = csvRecord([String(row), column, reason]);
      return columns.length === 0 ? told : `${cells ?? missing},${told}`;
    });
    if (records.length > 0) yield records.join('');
    if (rows.length < page) return;
    after = rows.at(-1)!.number;
  }
}

/** Whole rows of a DataSet are for who may change its writeback. */
const download =
  (db: Db): Handler<Contract['rejectedRowsCsv']> =>
  async ({ params: { id } }, { caller, reply }) => {
    const { writebackId } = await reachRun(db, id);
    await reachWriteback(db, caller!, writebackId, 'change');
    reply.header('content-disposition', `attachment; filename="rejected-${id}.csv"`);
    return csvOf(db, id);
  };

/** Rows that the destination refused. */
export const rejectedRowHandlers = (db: Db) => ({
  listRejectedRows: list(db),
  rejectedRowsCsv: download(db),
});
