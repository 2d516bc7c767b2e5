import type { Contract } from '../../contract/contract.ts';
import { csvRecord } from '../../dataset/csv-record.ts';
import type { Db } from '../../store/database.ts';
import { type OutputCell, type OutputRow, outputColumns, outputRowsAfter } from '../../store/output-row.ts';
import type { Handler } from '../serve.ts';
import { reachWriteback } from './reach-writeback.ts';

/** Rows that are read at once for a download. */
const page = 1000;

/** The place of a row in its output DataSet, as the `after` of a page. */
const placeOf = ({ runId, number }: OutputRow) => `${runId}.${number}`;

function parsePlace(after: string | undefined): Pick<OutputRow, 'runId' | 'number'> | undefined {
  const [, runId, number] = /^([\w-]+)\.(\d{1,9})$/.exec(after ?? '') ?? [];
  return runId === undefined ? undefined : { runId, number: Number(number) };
}

const list =
  (db: Db): Handler<Contract['outputRows']> =>
  async ({ params: { id }, query: { after, limit = 50 } }, { caller }) => {
    await reachWriteback(db, caller!, id, 'look');
    const found = await outputRowsAfter(db, id, parsePlace(after), limit + 1);
    const rows = found.slice(0, limit);
    const next = found.length > limit && { next: placeOf(rows.at(-1)!) };
    return { items: rows.map(({ cells }) => cells), ...next };
  };

const text = (cell: OutputCell | undefined) => (cell === null || cell === undefined ? null : String(cell));

async function* csvOf(db: Db, writebackId: string, columns: readonly string[]): AsyncGenerator<string> {
  yield csvRecord(columns);
  for (let after: OutputRow | undefined; ;) {
    const rows = await outputRowsAfter(db, writebackId, after, page);
    const records = rows.map(({ cells }) => csvRecord(columns.map((column) => text(cells[column]))));
    if (records.length > 0) yield records.join('');
    if (rows.length < page) return;
    after = rows.at(-1)!;
  }
}

const download =
  (db: Db): Handler<Contract['outputCsv']> =>
  async ({ params: { id } }, { caller, reply }) => {
    await reachWriteback(db, caller!, id, 'look');
    reply.header('content-disposition', `attachment; filename="output-${id}.csv"`);
    return csvOf(db, id, await outputColumns(db, id));
  };

/** The output DataSet of a writeback. */
export const outputHandlers = (db: Db) => ({ outputRows: list(db), outputCsv: download(db) });
