import { batches } from '../dataset/batches.ts';
import { compress, compressedExtension } from '../dataset/compression.ts';
import { type CsvDialect, dialectOf, isCanonical, keepsRecords } from '../dataset/csv-dialect.ts';
import { type RejectRow, writeCsv } from '../dataset/csv-writer.ts';
import type { Column, CsvBytes } from '../dataset/dataset.ts';
import { countRecords } from '../dataset/record-counter.ts';
import { recordBlocks } from '../dataset/record-blocks.ts';
import { writeParquet } from '../duckdb/parquet-writer.ts';
import { UserError } from '../errors.ts';
import type { Values } from '../field/field.ts';
import type { fileOptions } from './file-options.ts';
import type { Tally } from './tally.ts';

type FileOptions = Values<typeof fileOptions>;

/** How the bytes of a file are made of canonical CSV. */
export interface FileFormat {
  readonly extension: string;
  readonly contentType: string;
  /** Canonical CSV in, the file's bytes out; `entryName` is the name inside an archive. */
  encode(work: EncodeWork): AsyncIterable<Uint8Array>;
}

/** One file to encode. */
export interface EncodeWork {
  readonly body: CsvBytes;
  readonly columns: readonly Column[];
  readonly entryName: string;
  readonly tally: Tally;
  /** Rows that went before in other files of the same run: row numbers in rejects go on from here. */
  readonly rowsBefore: number;
  readonly signal: AbortSignal;
  /** Called with the data rows of this file, before its last byte is given out; may refuse the file by throwing. */
  readonly onEnd: (rows: number) => Promise<void>;
  /** Called often with the data rows of this file that have passed so far. */
  readonly seen: (rows: number) => void;
}

type Encoder = (work: EncodeWork) => AsyncIterable<Uint8Array>;

const blockBytes = 1024 * 1024;

/** The canonical bytes themselves, counted and checked. */
async function* counted({ body, columns, onEnd, seen }: EncodeWork): CsvBytes {
  const records = countRecords(body, columns, onEnd);
  for await (const chunk of records) {
    seen(records.rows);
    yield chunk;
  }
}

/** Tells the rows of each block or batch as it passes. */
async function* told<B extends { firstRow: number; rows: number }>(
  blocks: AsyncIterable<B>,
  seen: (rows: number) => void,
) {
  for await (const block of blocks) {
    seen(block.firstRow + block.rows - 1);
    yield block;
  }
}

function csvEncoder(dialect: CsvDialect): Encoder {
  if (isCanonical(dialect)) return counted;
  return (work) => {
    const countOnly = keepsRecords(dialect);
    const blocks = recordBlocks(work.body, work.columns, { blockBytes, countOnly, onEnd: work.onEnd });
    return writeCsv(told(blocks, work.seen), work.columns, dialect, (row, ...rest) =>
      work.tally.reject(work.rowsBefore + row, ...rest),
    );
  };
}

function jsonLinesEncoder(strict: boolean): Encoder {
  return async function* ({ body, columns, tally, rowsBefore, onEnd, seen }) {
    const options = { nulls: 'null', fieldNames: 'keep', strict } as const;
    for await (const batch of told(batches(body, columns, { batchBytes: blockBytes, onEnd }), seen)) {
      const { bytes, rejected, truncated } = batch.jsonl(options);
      for (const { row, reason, column } of rejected)
        tally.reject(rowsBefore + row, reason, column, () => batch.record(row));
      tally.addTruncated(truncated);
      if (bytes.length > 0) yield bytes;
    }
  };
}

function parquetEncoder(options: FileOptions): Encoder {
  const compression = options.compression === 'zstd' ? 'zstd' : 'snappy';
  return (work) => {
    const { columns, tally, rowsBefore, signal } = work;
    const reject: RejectRow = (row, ...rest) => tally.reject(rowsBefore + row, ...rest);
    const { strict } = options;
    return writeParquet(
      counted(work),
      columns,
      { compression, strict, reject, truncated: tally.addTruncated },
      signal,
    );
  };
}

const contentTypes = {
  csv: 'text/csv',
  tsv: 'text/tab-separated-values',
  jsonl: 'application/x-ndjson',
  parquet: 'application/vnd.apache.parquet',
} as const;

const compressedTypes = {
  gzip: 'application/gzip',
  zstd: 'application/zstd',
  zip: 'application/zip',
} as const;

function encoderOf(options: FileOptions, guardFirstHash: boolean): Encoder {
  if (options.fileFormat === 'jsonl') return jsonLinesEncoder(options.strict);
  if (options.fileFormat === 'parquet') return parquetEncoder(options);
  return csvEncoder(dialectOf(options, guardFirstHash));
}

function compressed(encoder: Encoder, { compression: kind, compressionLevel: level }: FileOptions): Encoder {
  return (work) => compress({ kind, level, entryName: work.entryName }, encoder(work));
}

/** The format that a connector's file options ask for. Throws UserError when two of them do not go together. */
export function fileFormatOf(options: FileOptions, guardFirstHash = false): FileFormat {
  const { fileFormat, compression } = options;
  const extension = options.fileExtension ?? fileFormat;
  if (fileFormat === 'parquet') {
    if (compression === 'gzip' || compression === 'zip') throw parquetInside(compression);
    return { extension, contentType: contentTypes.parquet, encode: encoderOf(options, false) };
  }
  return {
    extension: extension + compressedExtension(compression),
    contentType: compression === 'none' ? contentTypes[fileFormat] : compressedTypes[compression],
    encode: compressed(encoderOf(options, guardFirstHash), options),
  };
}

function parquetInside(compression: string): UserError {
  return new UserError(
    'parquet-compression',
    `A Parquet file is compressed inside; ${compression} around it is of no use.`,
    {
      field: 'compression',
      remedy: 'Choose zstd, or none (which means snappy).',
    },
  );
}
