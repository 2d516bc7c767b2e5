import type { Column, ColumnType } from '../../dataset/dataset.ts';
import { csvRecord } from '../../dataset/csv-record.ts';
import type { Db } from '../../store/database.ts';
import {
  type OutputCell,
  type OutputPlace,
  type OutputRow,
  outputKinds,
  outputRowsAfter,
} from '../../store/output-row.ts';

/** Rows of one part: Domo advises tens of thousands, and these are short. */
const rowsOfPart = 10_000;

/** The type that holds all cells of a column, by the kinds that occur in it. */
function typeOf(kinds: readonly string[]): ColumnType {
  const [only] = kinds;
  if (kinds.length === 1 && (only === 'LONG' || only === 'DOUBLE' || only === 'DATETIME')) return only;
  return kinds.length === 2 && kinds.includes('LONG') && kinds.includes('DOUBLE') ? 'DOUBLE' : 'STRING';
}

/** The columns of an output DataSet, which is nowhere declared: they follow from its rows. */
export async function outputTable(db: Db, writebackId: string): Promise<Column[]> {
  const columns = await outputKinds(db, writebackId);
  return columns.map(({ name, kinds }) => ({ name, type: typeOf(kinds) }));
}

function cellText(cell: OutputCell | undefined, type: ColumnType): string | null {
  if (cell === null || cell === undefined) return null;
  // Domo's times have no zone and no fraction; ours are UTC.
  return type === 'DATETIME' ? String(cell).slice(0, 'yyyy-MM-ddTHH:mm:ss'.length) : String(cell);
}

const recordOf = ({ cells }: OutputRow, columns: readonly Column[]) =>
  csvRecord(columns.map(({ name, type }) => cellText(cells[name], type)));

const isPast = (row: OutputPlace, last: OutputPlace) =>
  row.runId > last.runId || (row.runId === last.runId && row.number > last.number);

/** The rows after a place up to another one as CSV without header, in parts. Rows that come later are not in it. */
export async function* csvParts(
  db: Db,
  writebackId: string,
  columns: readonly Column[],
  { after, last }: { readonly after: OutputPlace | undefined; readonly last: OutputPlace },
): AsyncGenerator<string> {
  for (let from = after; ;) {
    const page = await outputRowsAfter(db, writebackId, from, rowsOfPart);
    const rows = page.filter((row) => !isPast(row, last));
    if (rows.length > 0) yield rows.map((row) => recordOf(row, columns)).join('');
    if (rows.length < rowsOfPart) return;
    from = rows.at(-1);
  }
}
