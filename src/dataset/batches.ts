import type { Batch } from './batch.ts';
import { bsonRows } from './bson-rows.ts';
import { asBuffer, cellText, isNullCell } from './cell-text.ts';
import type { Column, CsvBytes } from './dataset.ts';
import { DocumentOutput } from './document-output.ts';
import { encodeRows } from './encode-rows.ts';
import { jsonlRows } from './jsonl-rows.ts';
import { type RecordBlock, recordBlocks } from './record-blocks.ts';
import { recordText } from './record-text.ts';

/** How a DataSet is cut into batches. */
export interface BatchesOptions {
  /** Bytes of CSV; default 4 MB. */
  readonly batchBytes?: number;
  /** Default 100,000: what MongoDB takes in one command. */
  readonly maxRows?: number;
  /** The numbers of the rows, where they are picked out of a DataSet and so are not 1, 2, 3 …: each is a batch of its own. */
  readonly rowNumbers?: readonly number[] | undefined;
  /** Awaited with the number of data rows after the last batch, before the stream ends. */
  readonly onEnd?: ((rows: number) => Promise<void>) | undefined;
}

function blockValues({ bytes, index, rows }: RecordBlock, columns: readonly Column[]): (string | null)[][] {
  const { starts, ends, flags } = index;
  const buffer = asBuffer(bytes);
  const value = (cell: number, isText: boolean) =>
    isNullCell(bytes, index, cell, isText)
      ? null
      : cellText(buffer, starts[cell]!, ends[cell]!, flags[cell]!);
  return Array.from({ length: rows }, (_, row) =>
    columns.map(({ type }, place) => value(row * columns.length + place, type === 'STRING')),
  );
}

/** A block with its views. Each view of the same batch gets an output of its own from `outputs`, which the next reuses. */
function batchOf(block: RecordBlock, columns: readonly Column[], outputs: DocumentOutput[]): Batch {
  let used = 0;
  const output = () => (outputs[used++] ??= new DocumentOutput());
  const order = (project: readonly number[] | undefined) => ({ columns: columns.length, project });
  return {
    firstRow: block.firstRow,
    rows: block.rows,
    bytes: block.bytes,
    bson: (options) => encodeRows(block, bsonRows(columns, options), order(options.project), output()),
    jsonl: (options) => encodeRows(block, jsonlRows(columns, options), order(options.project), output()),
    record: (row) => recordText(block, row - block.firstRow),
    values: () => blockValues(block, columns),
  };
}

/**
 * Canonical CSV with header, cut into batches on record borders. A batch and its views are valid until the next pull.
 * Throws UserError `csv-…` with row and column where the CSV breaks its rules.
 */
export async function* batches(
  body: CsvBytes,
  columns: readonly Column[],
  { batchBytes = 4 * 1024 * 1024, maxRows = 100_000, rowNumbers, onEnd }: BatchesOptions = {},
): AsyncGenerator<Batch, void, undefined> {
  const outputs: DocumentOutput[] = [];
  const options = { blockBytes: batchBytes, maxRows: rowNumbers ? 1 : maxRows, onEnd };
  for await (const block of recordBlocks(body, columns, options)) {
    const firstRow = rowNumbers?.[block.firstRow - 1] ?? block.firstRow;
    yield batchOf(firstRow === block.firstRow ? block : { ...block, firstRow }, columns, outputs);
  }
}
