/** How a CSV cell becomes nothing: an explicit null, an absent field, or an empty text. */
export type NullPolicy = 'null' | 'omit' | 'empty';

/** What to do with a field name that begins with `$` or holds a `.`: leave it, or write `_` in place of the character. */
export type FieldNamePolicy = 'keep' | 'replace';

/** A row that cannot be written, and why. */
export interface RejectedRow {
  /** Data rows count from 1, the header not included. */
  readonly row: number;
  readonly column?: string | undefined;
  readonly reason: string;
  /** Its record of canonical CSV as text, without the line end; absent where it was not kept. */
  readonly cells?: string | undefined;
}

/** How a batch becomes typed documents. */
export interface EncodeOptions {
  readonly nulls: NullPolicy;
  readonly fieldNames: FieldNamePolicy;
  /** Reject dates with digits below a millisecond instead of cutting and counting them. */
  readonly strict: boolean;
  /** Only these columns (by index), in this order; values of all columns are checked all the same. */
  readonly project?: readonly number[];
}

/** BSON only: what is written besides the columns. */
export interface BsonOptions extends EncodeOptions {
  /**
   * Writes an `_id` of type ObjectId first: these 7 bytes, then the row number in 5 bytes, big-endian. Ids of one run ascend.
   * A DataSet's own column called `_id` wins: then no other is written.
   */
  readonly idPrefix?: Uint8Array;
  /** Ready BSON elements (type, name, value) appended to each document. */
  readonly append?: Uint8Array;
}

/** Documents one after another, and where each ends. */
export interface EncodedBatch {
  /** Valid until the next batch is pulled. */
  readonly bytes: Uint8Array;
  /** `ends[i]` is the end offset of document i in `bytes`; its length is `count`. */
  readonly ends: Uint32Array;
  /** `rows[i]` is the data row number of document i minus the batch's `firstRow`. */
  readonly rows: Uint32Array;
  readonly count: number;
  readonly rejected: readonly RejectedRow[];
  /** Dates whose digits below a millisecond were cut. */
  readonly truncated: number;
}

/** Some rows together, cut on record borders. Views are encoded on demand from the same bytes. */
export interface Batch {
  /** Data row number of the first row, from 1. */
  readonly firstRow: number;
  readonly rows: number;
  /** The records as canonical CSV, without header. Valid until the next batch is pulled. */
  readonly bytes: Uint8Array;
  bson(options: BsonOptions): EncodedBatch;
  jsonl(options: EncodeOptions): EncodedBatch;
  /** The record of the data row with this number, as text without its line end. Undefined: it is of another batch. */
  record(row: number): string | undefined;
  /** Cells as text or null, for scripts and small work. */
  values(): (string | null)[][];
}
