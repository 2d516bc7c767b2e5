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
const FIRST_ROW = 48;
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

/** The area of a plan while it is written. What does not fit is left out, and `fits` says so. */
class PlanArea {
  readonly #bytes: Uint8Array;
  readonly #address: number;
  readonly #view: DataView;
  #next: number;

  /** `address` is where the area begins in the memory; texts are put behind its first `fixed` bytes. */
  constructor(bytes: Uint8Array, address: number, fixed: number) {
    this.#bytes = bytes;
    this.#address = address;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#next = fixed;
  }

  get fits(): boolean {
    return this.#next + COPY_BYTES <= this.#bytes.length;
  }

  /** Answers the address at which the text stands now. */
  put(text: Uint8Array): number {
    const at = this.#next;
    this.#next += text.length;
    if (this.fits) this.#bytes.set(text, at);
    return this.#address + at;
  }

  setWords(at: number, words: readonly number[]): void {
    for (const [i, word] of words.entries()) this.#view.setUint32(at + i * 4, word, true);
  }

  setLong(at: number, value: number): void {
    this.#view.setBigUint64(at, BigInt(value), true);
  }
}

/** Writes the plan into its area, which begins at `address`; false when it does not fit, or repeats a column. */
export function writePlan(
  bytes: Uint8Array,
  address: number,
  plan: RowPlan,
  project: readonly number[] | undefined,
  firstRow: number,
): boolean {
  const { types, headers, format, nulls, strict, fixed, growth, id, append } = plan;
  const places = [...types.keys(), ...(project ?? [])];
  const area = new PlanArea(bytes, address, FIELDS + places.length * FIELD_BYTES);
  if (!area.fits || repeats(project ?? [])) return false;
  const addresses = headers.map((header) => area.put(header));
  for (const [i, column] of places.entries()) {
    const field = [column, KINDS[types[column]!], addresses[column]!, headers[column]!.length];
    area.setWords(FIELDS + i * FIELD_BYTES, field);
  }
  const fields = [types.length, project?.length ?? ALL_FIELDS];
  const policies = [NULLS[nulls], strict ? 1 : 0, fixed, growth];
  const texts = [id.length, area.put(id), append.length, area.put(append)];
  area.setWords(0, [format === 'jsonl' ? 1 : 0, ...fields, ...policies, ...texts]);
  area.setLong(FIRST_ROW, firstRow);
  return area.fits;
}
