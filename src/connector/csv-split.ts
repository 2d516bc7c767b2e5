import type { Column, CsvBytes } from '../dataset/dataset.ts';
import { headerRecord } from '../dataset/csv-writer.ts';
import { recordBlocks } from '../dataset/record-blocks.ts';

/** A piece of a DataSet: canonical CSV with a header of its own, and the number of rows that went before it. */
interface CsvPiece {
  readonly body: CsvBytes;
  readonly rowsBefore: number;
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
      yield headerRecord(columns);
      let bytes = 0;
      while (!next.done && (bytes === 0 || bytes + next.value.bytes.length <= splitBytes)) {
        bytes += next.value.bytes.length;
        rows += next.value.rows;
        yield next.value.bytes.slice();
        next = await blocks.next();
      }
    }
  } finally {
    await blocks.return?.();
  }
}
