import type { Column, CsvBytes } from '../dataset/dataset.ts';
import { headerRecord } from '../dataset/csv-writer.ts';
import { type RecordBlock, recordBlocks } from '../dataset/record-blocks.ts';

/** A piece of a DataSet: canonical CSV with a header of its own, and the number of rows that went before it. */
interface CsvPiece {
  readonly body: CsvBytes;
  readonly rowsBefore: number;
}

const CR = 0x0d;

/** The header with the line end of the first record; LF where there is none. */
function headerLike(block: RecordBlock | undefined | void, columns: readonly Column[]): Uint8Array {
  const header = headerRecord(columns);
  const end = block?.index.rowEnds[0] ?? 0;
  if (block?.bytes[end - 2] !== CR || header.length === 0) return header;
  return Buffer.concat([header.subarray(0, -1), Buffer.from('\r\n')]);
}

/**
 * Cuts canonical CSV on record borders into pieces of about `splitBytes`. The pieces are pulled one after the other, each
 * to its end before the next is asked for. A DataSet without rows gives one piece with the header alone.
 */
export async function* splitCsv(
  body: CsvBytes,
  columns: readonly Column[],
  splitBytes: number,
  onEnd: (rows: number) => Promise<void>,
): AsyncGenerator<CsvPiece> {
  const blocks = recordBlocks(body, columns, { blockBytes: Math.min(splitBytes, 1024 * 1024), onEnd })[
    Symbol.asyncIterator
  ]();
  let rows = 0;
  try {
    let next = await blocks.next();
    do {
      yield { body: piece(), rowsBefore: rows };
    } while (!next.done);

    async function* piece(): CsvBytes {
      yield headerLike(next.value, columns);
      let bytes = 0;
      while (!next.done && (bytes === 0 || bytes + next.value.bytes.length <= splitBytes)) {
        bytes += next.value.bytes.length;
        rows += next.value.rows;
        yield next.value.bytes;
        next = await blocks.next();
      }
    }
  } finally {
    await blocks.return?.();
  }
}
