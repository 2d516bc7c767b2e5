import { CellIndex, indexRecords, type ScanStop } from '../cell-index.ts';
import type { DocumentOutput } from '../document-output.ts';
import { readDouble } from '../number-text.ts';
import { kernelModule } from './kernel-module.ts';
import { FIVES, powersOfFive } from './powers-of-five.ts';
import { type RowPlan, planBytes, writePlan } from './row-plan.ts';

/** What kernel/kernel.ts exports; offsets and addresses are in bytes. */
interface Exports {
  configure(...places: number[]): void;
  index(from: number, to: number, row: number, maxRows: number): number;
  count(from: number, to: number): number;
  encode(from: number, rows: number): number;
}

const PAGE = 65_536;
/** Where kernel/layout.ts has the block, and the words in which a call answers more than one number. */
const BLOCK = PAGE;
const ANSWER = 16;
/** Bytes behind each area that the kernel may read and overwrite. */
const SLACK = 64;
/** Documents are made in a piece that stays in the processor's cache, and copied out from there. */
const OUTPUT_BYTES = 512 * 1024;
const MAX_DOCUMENTS = 16_384;
/** Larger blocks are not worth their memory; they are scanned by the reference. */
const MAX_BLOCK_BYTES = 16 * 1024 * 1024;

/** Hands out one area after the other. */
function areas(from: number): (bytes: number) => number {
  let next = from;
  return (bytes) => {
    const at = next;
    next = Math.ceil((at + bytes + SLACK) / SLACK) * SLACK;
    return at;
  };
}

/** Where everything lies, for a DataSet and a size of block. */
function layoutOf(columns: number, names: number, blockBytes: number) {
  const rows = Math.ceil(Math.max(blockBytes / 2, 16 * columns) / columns);
  const area = areas(BLOCK);
  const block = area(blockBytes);
  const starts = area(rows * columns * 4 + columns * 4);
  const ends = area(rows * columns * 4 + columns * 4);
  const flags = area(rows * columns + columns);
  const rowEnds = area(rows * 4);
  const plan = area(planBytes(columns, names));
  const output = area(OUTPUT_BYTES);
  const documentEnds = area(MAX_DOCUMENTS * 4);
  return { block, starts, ends, flags, rowEnds, plan, output, documentEnds, end: area(0), rows };
}

type Layout = ReturnType<typeof layoutOf>;

function cellIndex(buffer: ArrayBuffer, { starts, ends, flags, rowEnds, rows }: Layout, columns: number) {
  return new CellIndex(columns, rows, {
    starts: new Int32Array(buffer, starts, rows * columns),
    ends: new Int32Array(buffer, ends, rows * columns),
    flags: new Uint8Array(buffer, flags, rows * columns),
    rowEnds: new Int32Array(buffer, rowEnds, rows),
  });
}

/**
 * One instance of the kernel with a memory of its own, which never grows: the block that CSV is collected in, the index of
 * its cells, and a piece of output. What it does not do for sure it leaves to the reference, record by record.
 */
export class Kernel {
  readonly block: Uint8Array;
  readonly index: CellIndex;
  /** Scans that the reference had to go on with for one record: one for each chunk that cuts a record is usual. */
  leftToReference = 0;
  readonly #layout: Layout;
  readonly #memory: Uint8Array;
  readonly #answer: Uint32Array;
  readonly #documentEnds: Uint32Array;
  readonly #exports: Exports;

  constructor(module: WebAssembly.Module, columns: number, names: number, blockBytes: number) {
    const layout = layoutOf(columns, names, blockBytes);
    const pages = Math.ceil(layout.end / PAGE);
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    const bytes = new Uint8Array(memory.buffer);
    new BigUint64Array(memory.buffer, FIVES).set(powersOfFive());
    const reference = { readDouble: (from: number, to: number) => readDouble(bytes, from, to) };
    const instance = new WebAssembly.Instance(module, { env: { memory }, reference });
    this.#layout = layout;
    this.#memory = bytes;
    this.#answer = new Uint32Array(memory.buffer, ANSWER, 3);
    this.#documentEnds = new Uint32Array(memory.buffer, layout.documentEnds, MAX_DOCUMENTS);
    this.#exports = instance.exports as unknown as Exports;
    this.block = bytes.subarray(BLOCK, BLOCK + blockBytes);
    this.index = cellIndex(memory.buffer, layout, columns);
    const { starts, ends, flags, rowEnds, plan, output, documentEnds } = layout;
    this.#exports.configure(
      columns,
      starts,
      ends,
      flags,
      rowEnds,
      plan,
      output,
      OUTPUT_BYTES,
      documentEnds,
      MAX_DOCUMENTS,
    );
  }

  /** Rows that the index has room for. */
  get maxRows(): number {
    return this.#layout.rows;
  }

  /** `indexRecords` of the block. Where the kernel stops, the reference takes one record and the kernel goes on. */
  scan(from: number, to: number, final: boolean, maxRows: number): { consumed: number; stop?: ScanStop } {
    const { index } = this;
    const room = Math.min(maxRows, this.maxRows);
    let at = from;
    while (at < to && index.rows < room) {
      at = this.#exports.index(at, to, index.rows, room);
      index.rows = this.#answer[0]!;
      if (at === to || index.rows === room) break;
      this.leftToReference++;
      const one = indexRecords(this.block, at, to, index, { final, maxRows: index.rows + 1 });
      if (one.stop !== undefined) return one;
      at = one.consumed;
    }
    return { consumed: at };
  }

  /** Like `scan` without maximum, but the rows are only counted: no cell is in the index. */
  count(from: number, to: number, final: boolean): { consumed: number; stop?: ScanStop } {
    const { index } = this;
    let rows = index.rows;
    let at = from;
    while (at < to) {
      at = this.#exports.count(at, to);
      rows += this.#answer[0]!;
      if (at === to) break;
      this.leftToReference++;
      index.clear();
      const one = indexRecords(this.block, at, to, index, { final, maxRows: 1 });
      rows += index.rows;
      index.rows = rows;
      if (one.stop !== undefined) return one;
      at = one.consumed;
    }
    index.rows = rows;
    return { consumed: at };
  }

  /** Tells how the next rows are encoded; false when that is beyond the kernel. */
  setPlan(plan: RowPlan, project: readonly number[] | undefined, firstRow: number): boolean {
    const { plan: at, output } = this.#layout;
    return writePlan(this.#memory.subarray(at, output - SLACK), at, plan, project, firstRow);
  }

  /**
   * Appends the documents of the rows from `row` on to the output, behind its first `count` documents and `at` bytes, as far
   * as the kernel can. Answers the row in front of which it stopped.
   */
  encode(row: number, out: DocumentOutput): number {
    const { rows } = this.index;
    let from = row;
    for (;;) {
      const next = this.#exports.encode(from, rows);
      const [used, truncated, full] = this.#answer as unknown as [number, number, number];
      this.#take(from, next - from, used, out);
      out.truncated += truncated;
      // A row that is too large for the empty output stops it too.
      if (full === 0 || next === from) return next;
      from = next;
    }
  }

  #take(row: number, documents: number, used: number, out: DocumentOutput): void {
    const { output } = this.#layout;
    const base = out.length;
    out.reserve(base + used, base);
    out.bytes.set(this.#memory.subarray(output, output + used), base);
    for (let i = 0; i < documents; i++) {
      out.rows[out.count] = row + i;
      out.ends[out.count++] = base + this.#documentEnds[i]!;
    }
    out.length = base + used;
  }
}

/** A kernel for a DataSet; undefined where there is none. `names`: bytes of the column names. */
export function openKernel(columns: number, names: number, blockBytes: number): Kernel | undefined {
  const module = columns > 0 && blockBytes <= MAX_BLOCK_BYTES ? kernelModule() : undefined;
  if (module === undefined) return undefined;
  try {
    return new Kernel(module, columns, names, blockBytes);
  } catch (error) {
    // No room for another memory: address space is finite.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
