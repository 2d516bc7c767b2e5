import type { NullPolicy } from '../batch.ts';
import type { ColumnType } from '../dataset.ts';

/** How rows become documents of one kind, as data. */
export interface RowPlan {
  readonly format: 'bson' | 'jsonl';
  /** Of each column: its type, and what stands in front of its value. */
  readonly types: readonly ColumnType[];
  readonly headers: readonly Uint8Array[];
  readonly nulls: NullPolicy;
  readonly strict: boolean;
  /** Most bytes that a document needs beside those of its record, and to which each of those can grow. */
  readonly fixed: number;
  readonly growth: number;
  /** What each document begins with before the row number, and ends with. */
  readonly id: Uint8Array;
  readonly append: Uint8Array;
}

// The numbers of kernel/plan.ts.
const FIELDS = 64;
const FIELD_BYTES = 16;
const KINDS: Readonly<Record<ColumnType, number>> = {
  STRING: 0,
  LONG: 1,
  DOUBLE: 2,
  DECIMAL: 3,
  DATE: 4,
  DATETIME: 5,
  TIME: 6,
  BOOLEAN: 7,
};
const NULLS: Readonly<Record<NullPolicy, number>> = { null: 0, omit: 1, empty: 2 };
const ALL_FIELDS = 0xffff_ffff;
/** The kernel reads what it copies 16 bytes at a time. */
const COPY_BYTES = 16;
const APPEND_BYTES = 4096;

/** Room for the plan of a DataSet, whose column names have that many bytes. A name may grow in JSON. */
export function planBytes(columns: number, names: number): number {
  return FIELDS + columns * (2 * FIELD_BYTES + COPY_BYTES + 4) + 2 * names + APPEND_BYTES;
}

/** A repeated column makes a document larger than `fixed` says. */
function repeats(project: readonly number[]): boolean {
  return new Set(project).size < project.length;
}

/** Writes the plan into its area, which begins at `address`; false when it does not fit, or repeats a column. */
export function writePlan(
  area: Uint8Array,
  address: number,
  plan: RowPlan,
  project: readonly number[] | undefined,
  firstRow: number,
): boolean {
  const columns = plan.types.length;
  const view = new DataView(area.buffer, area.byteOffset, area.length);
  let next = FIELDS + (columns + (project?.length ?? 0)) * FIELD_BYTES;
  const put = (bytes: Uint8Array): number => {
    const at = next;
    next += bytes.length;
    if (next + COPY_BYTES <= area.length) area.set(bytes, at);
    return address + at;
  };
  if (next > area.length || repeats(project ?? [])) return false;
  const headers = plan.headers.map(put);
  const writeField = (place: number, column: number) => {
    const words = [column, KINDS[plan.types[column]!], headers[column]!, plan.headers[column]!.length];
    for (const [i, word] of words.entries()) view.setUint32(FIELDS + place * FIELD_BYTES + i * 4, word, true);
  };
  for (let column = 0; column < columns; column++) writeField(column, column);
  for (const [i, column] of (project ?? []).entries()) writeField(columns + i, column);
  const words = [
    plan.format === 'jsonl' ? 1 : 0,
    columns,
    project?.length ?? ALL_FIELDS,
    NULLS[plan.nulls],
    plan.strict ? 1 : 0,
    plan.fixed,
    plan.growth,
    plan.id.length,
    put(plan.id),
    plan.append.length,
    put(plan.append),
  ];
  for (const [i, word] of words.entries()) view.setUint32(i * 4, word, true);
  view.setBigUint64(48, BigInt(firstRow), true);
  return next + COPY_BYTES <= area.length;
}
