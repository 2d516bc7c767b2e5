import { CellIndex, indexRecords } from './cell-index.ts';
import type { Column, CsvBytes } from './dataset.ts';
import type { Kernel } from './kernel/kernel.ts';
import { RecordBuffer } from './record-buffer.ts';

/** Whole records, without header. */
export interface RecordBlock {
  readonly bytes: Uint8Array;
  readonly rows: number;
  /** Data row number of the first row, from 1. */
  readonly firstRow: number;
  /** Where the cells lie in `bytes`. */
  readonly index: CellIndex;
  /** The kernel that holds bytes and index, if one does. */
  readonly kernel?: Kernel | undefined;
}

/** How records are cut into blocks. */
export interface BlockOptions {
  /** A block is at most this large, unless a single record is larger: then the block grows to hold it. */
  readonly blockBytes: number;
  readonly maxRows?: number | undefined;
  /** Rows are only counted, which is quicker; where the cells of a block lie is found when somebody asks. */
  readonly countOnly?: boolean;
  /** Awaited with the number of data rows after the last block, before the stream ends. */
  readonly onEnd?: ((rows: number) => Promise<void>) | undefined;
}

/** A block whose index is made at the first look. */
function lazyBlock(columns: number, bytes: Uint8Array, rows: number, firstRow: number): RecordBlock {
  let index: CellIndex | undefined;
  const find = () => {
    const found = new CellIndex(columns, rows);
    indexRecords(bytes, 0, bytes.length, found, { final: true, maxRows: rows });
    return found;
  };
  return {
    bytes,
    rows,
    firstRow,
    get index() {
      return (index ??= find());
    },
  };
}

/** Gives what is ready: every full block, and at the end of the stream the rest. */
function* readyBlocks(
  buffer: RecordBuffer,
  columns: number,
  { maxRows = Infinity, countOnly = false }: BlockOptions,
  final: boolean,
): Generator<RecordBlock, void, undefined> {
  for (;;) {
    buffer.scan({ final, maxRows });
    const { index, kernel } = buffer;
    const { rows } = index;
    if (buffer.consumed === 0 || !(final || buffer.full || rows >= Math.min(maxRows, buffer.maxRows))) return;
    const bytes = buffer.bytes.subarray(0, buffer.consumed);
    const firstRow = buffer.rowsBefore + 1;
    if (rows > 0 && countOnly) yield lazyBlock(columns, bytes, rows, firstRow);
    else if (rows > 0) yield { bytes, rows, firstRow, index, kernel };
    buffer.drop();
  }
}

/**
 * Canonical CSV with header, cut into blocks of whole records. A block is valid until the next pull. Throws UserError
 * `csv-…` with row and column where the CSV breaks its rules or its header is not that of the columns.
 */
export async function* recordBlocks(
  body: CsvBytes,
  columns: readonly Column[],
  options: BlockOptions,
): AsyncGenerator<RecordBlock, void, undefined> {
  const buffer = new RecordBuffer(columns, options.blockBytes, options.countOnly ? 'count' : 'index');
  for await (const chunk of body)
    for (let offset = 0; offset < chunk.length;) {
      offset += buffer.fill(chunk, offset);
      yield* readyBlocks(buffer, columns.length, options, false);
    }
  try {
    yield* readyBlocks(buffer, columns.length, options, true);
  } catch (error) {
    // Where the last record is cut, that the source ended short is the reason, and may pass.
    await options.onEnd?.(buffer.rowsBefore);
    throw error;
  }
  await options.onEnd?.(buffer.rowsBefore);
}
