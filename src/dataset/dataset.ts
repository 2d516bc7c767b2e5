/**
 * Types of a column. Domo has the first six; TIME and BOOLEAN come from local files only.
 * Canonical text: LONG `-?\d+` (64 bits), DOUBLE and DECIMAL as usual with exponent allowed, DATE `yyyy-MM-dd`,
 * DATETIME `yyyy-MM-dd[T ]HH:mm:ss[.fraction][Z|±HH[:mm]]` (no zone = UTC), TIME `HH:mm:ss[.fraction]`, BOOLEAN `true|false`.
 */
export type ColumnType = 'STRING' | 'LONG' | 'DOUBLE' | 'DECIMAL' | 'DATE' | 'DATETIME' | 'TIME' | 'BOOLEAN';

/** One column; its place in the list is its place in the CSV. */
export interface Column {
  readonly name: string;
  readonly type: ColumnType;
}

/** What a source tells of a DataSet. The rows themselves flow beside it as canonical CSV bytes. */
export interface Dataset {
  readonly id: string;
  readonly name: string;
  readonly owner?: { readonly id: string; readonly name: string };
  readonly columns: readonly Column[];
  /** Rows that the source states, when it states them. */
  readonly rows?: number;
  /** ISO 8601. */
  readonly updatedAt?: string;
}

/**
 * Canonical CSV (UTF-8, RFC 4180, with header) as it flows: chunks may be cut anywhere. A chunk is valid until the next
 * pull: whoever pulls for the second time has used or copied what the first gave, so that a source may read into the same
 * few blocks for ever.
 */
export type CsvBytes = AsyncIterable<Uint8Array>;
