import type { Column, CsvBytes } from './dataset.ts';
import { RecordBuffer } from './record-buffer.ts';

/** A CSV stream that counts its data rows while it passes. */
export type CountedCsv = AsyncIterable<Uint8Array> & { readonly rows: number };

/** Small enough to stay in the processor's cache between the copy and the scan. */
const SCAN_BYTES = 256 * 1024;

/**
 * Passes the very same chunks on, header included, after checking them: throws UserError `csv-…` with row and column where
 * the CSV breaks its rules or its header is not that of the columns. `onEnd` is awaited after the last byte with the number
 * of data rows, so that it can fail the stream before anything is published. Pulled once only.
 */
export function countRecords(
  body: CsvBytes,
  columns: readonly Column[],
  onEnd?: (rows: number) => Promise<void>,
): CountedCsv {
  const buffer = new RecordBuffer(columns, SCAN_BYTES, 'count');
  const scan = (final: boolean) => {
    buffer.scan({ final });
    if (buffer.consumed > 0) buffer.drop();
  };
  async function* counted(): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of body) {
      for (let offset = 0; offset < chunk.length; scan(false)) offset += buffer.fill(chunk, offset);
      yield chunk;
    }
    try {
      scan(true);
    } catch (error) {
      // Where the last record is cut, that the source ended short is the reason, and may pass.
      await onEnd?.(buffer.rowsBefore);
      throw error;
    }
    await onEnd?.(buffer.rowsBefore);
  }
  return {
    [Symbol.asyncIterator]: counted,
    get rows() {
      return buffer.rowsBefore;
    },
  };
}
