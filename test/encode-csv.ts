import assert from 'node:assert/strict';
import { BSON } from 'bson';
import type { BsonOptions, EncodedBatch, EncodeOptions } from '../src/dataset/batch.ts';
import { batches } from '../src/dataset/batches.ts';
import type { Column, ColumnType } from '../src/dataset/dataset.ts';

export const KEEP: EncodeOptions = { nulls: 'null', fieldNames: 'keep', strict: false };
export async function* pieces(bytes: Uint8Array, cuts: readonly number[] = []) {
  const ends = [...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((x, y) => x - y), bytes.length];
  let from = 0;
  for (const end of ends) {
    yield bytes.subarray(from, end);
    from = end;
  }
}

/** A cell as CSV: null unquoted and empty, everything else in quotes. */
const quoted = (value: string | null) => (value === null ? '' : `"${value.replaceAll('"', '""')}"`);

export const csvOf = (columns: readonly Column[], rows: readonly (readonly (string | null)[])[]) =>
  Buffer.from(
    [columns.map(({ name }) => name), ...rows].map((row) => `${row.map(quoted).join(',')}\n`).join(''),
  );

export const columnsOf = (...types: ColumnType[]): Column[] =>
  types.map((type, i) => ({ name: `c${i}`, type }));

/** Documents of a batch, each as bytes of its own. */
const documents = ({ bytes, ends, count }: EncodedBatch) =>
  Array.from({ length: count }, (_, i) => bytes.slice(i === 0 ? 0 : ends[i - 1], ends[i]));

interface Encoded {
  readonly documents: Uint8Array[];
  readonly rows: number[];
  readonly rejected: EncodedBatch['rejected'][number][];
  readonly truncated: number;
}

export async function encoded(
  csv: Uint8Array,
  columns: readonly Column[],
  kind: 'bson' | 'jsonl',
  options: BsonOptions = KEEP,
  cut: { cuts?: readonly number[]; batchBytes?: number; maxRows?: number } = {},
): Promise<Encoded> {
  const all = {
    documents: [] as Uint8Array[],
    rows: [] as number[],
    rejected: [] as Encoded['rejected'],
    truncated: 0,
  };
  for await (const batch of batches(pieces(csv, cut.cuts), columns, { batchBytes: 4096, ...cut })) {
    const result = batch[kind](options);
    all.documents.push(...documents(result));
    all.rows.push(...[...result.rows].map((row) => row + batch.firstRow));
    all.rejected.push(...result.rejected);
    all.truncated += result.truncated;
  }
  return all;
}

/** The one document of a row of one column, or the reason why there is none. */
export async function bsonOf(type: ColumnType, cell: string, options: BsonOptions = KEEP) {
  const { documents, rejected, truncated } = await encoded(
    Buffer.from(`c0\n${cell}\n`),
    columnsOf(type),
    'bson',
    options,
  );
  return { bytes: documents[0], reason: rejected[0]?.reason, truncated };
}

export async function jsonOf(type: ColumnType, cell: string, options: EncodeOptions = KEEP) {
  const { documents, rejected } = await encoded(
    Buffer.from(`c0\n${cell}\n`),
    columnsOf(type),
    'jsonl',
    options,
  );
  return documents[0] === undefined ? rejected[0]?.reason : Buffer.from(documents[0]).toString();
}

export async function assertBson(type: ColumnType, cell: string, value: unknown) {
  const { bytes, reason } = await bsonOf(type, cell);
  assert.deepEqual(
    bytes && Buffer.from(bytes),
    Buffer.from(BSON.serialize({ c0: value })),
    `${type} ${cell}: ${reason}`,
  );
}

export async function assertRefused(type: ColumnType, cell: string, reason: RegExp) {
  assert.match((await bsonOf(type, cell)).reason ?? '', reason, `${type} ${cell}`);
  assert.match((await jsonOf(type, cell)) ?? '', reason, `${type} ${cell}`);
}
