import { parse } from 'csv-parse/sync';
import type { StoredRow } from '../../src/connector/conformance.ts';

/** Reads canonical CSV with another parser than ours: the rows without the header, unquoted empty and `\N` as null. */
export function canonicalRows(bytes: Uint8Array): StoredRow[] {
  const records = parse(Buffer.from(bytes), {
    cast: (value, { quoting }) => (!quoting && (value === '' || value === '\\N') ? null : value),
  }) as unknown as StoredRow[];
  return records.slice(1);
}
