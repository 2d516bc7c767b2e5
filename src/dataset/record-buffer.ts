import type { UserError } from '../errors.ts';
import { CellIndex, indexRecords, type ScanStop } from './cell-index.ts';
import { type Place, recordRefusal, refusal, refuseBadBytes } from './csv-refusal.ts';
import { readHeader } from './csv-header.ts';
import type { Column } from './dataset.ts';
import { type Kernel, openKernel } from './kernel/kernel.ts';

/** A record beyond this is refused: most likely a quote is missing somewhere before. */
const MAX_RECORD_BYTES = 64 * 1024 * 1024;

function namesBytes(columns: readonly Column[]): number {
  return columns.reduce((sum, { name }) => sum + Buffer.byteLength(name), 0);
}

/**
 * Bytes of a canonical CSV stream, filled at the end and indexed record by record. The header is read, compared with the
 * columns and dropped; what the index covers is `bytes[0, consumed)`.
 * A record that is cut at the end of the bytes is scanned again when more has come, but not before it has doubled:
 * the work stays linear however long a record is.
 */
export class RecordBuffer {
  /** Plain, not a Buffer: `slice` of what is lent out must copy. */
  bytes: Uint8Array;
  index: CellIndex;
  /** Offset after the last whole record. */
  consumed = 0;
  /** Data rows before the first of the index. */
  rowsBefore = 0;
  readonly #columns: readonly Column[];
  readonly #capacity: number;
  #filled = 0;
  #scanAt = 1;
  #headerRead = false;
  readonly #kernel: Kernel | undefined;
  readonly #counts: boolean;

  /** `count`: rows are counted only; where the cells lie need not be in the index. */
  constructor(columns: readonly Column[], capacity: number, purpose: 'index' | 'count' = 'index') {
    this.#columns = columns;
    this.#capacity = capacity;
    this.#counts = purpose === 'count';
    this.#kernel = openKernel(columns.length, namesBytes(columns), capacity);
    this.bytes = this.#kernel?.block ?? new Uint8Array(capacity);
    this.index = this.#kernel?.index ?? new CellIndex(columns.length);
  }

  /** The kernel in whose block the bytes are now; a record larger than the block stands outside of it. */
  get kernel(): Kernel | undefined {
    return this.bytes === this.#kernel?.block ? this.#kernel : undefined;
  }

  /** Rows that the index has room for. */
  get maxRows(): number {
    return this.kernel?.maxRows ?? Infinity;
  }

  /** True when nothing more fits. */
  get full(): boolean {
    return this.#filled === this.bytes.length;
  }

  /** Copies what fits of `chunk` from `offset` on; answers how much that was. Grows when what is there fills everything. */
  fill(chunk: Uint8Array, offset: number): number {
    if (this.full) this.#grow();
    const length = Math.min(chunk.length - offset, this.bytes.length - this.#filled);
    this.bytes.set(length === chunk.length ? chunk : chunk.subarray(offset, offset + length), this.#filled);
    this.#filled += length;
    return length;
  }

  /**
   * Indexes what has come, to at most `maxRows` rows in the index. `final`: the stream has ended. Throws UserError
   * (`csv-…`) at the first record that breaks the rules.
   */
  scan({ final = false, maxRows = Infinity }: { final?: boolean; maxRows?: number } = {}): void {
    if (this.#filled < this.#scanAt && !this.full && !final) return;
    if (this.#headerRead || this.#readHeader(final)) {
      const from = this.consumed;
      const fromRow = this.index.rows;
      const { consumed, stop } = this.#scan(final, maxRows);
      this.consumed = consumed;
      this.#check(from, fromRow);
      this.#refuse(stop);
    }
    const rest = this.#filled - this.consumed;
    if (rest > MAX_RECORD_BYTES) throw this.#tooLarge(this.index.rows);
    this.#scanAt = this.#filled + Math.max(rest, 1);
  }

  #scan(final: boolean, maxRows: number): { consumed: number; stop?: ScanStop } {
    const { kernel, consumed } = this;
    if (kernel && this.#counts) return kernel.count(consumed, this.#filled, final);
    if (kernel) return kernel.scan(consumed, this.#filled, final, maxRows);
    return indexRecords(this.bytes, consumed, this.#filled, this.index, { final, maxRows });
  }

  /** Forgets the indexed records and moves the rest to the front. What had grown becomes as large as before, if that is enough. */
  drop(): void {
    const rest = this.bytes.subarray(this.consumed, this.#filled);
    this.rowsBefore += this.index.rows;
    if (this.bytes.length !== this.#capacity) this.#shrink(rest.length);
    this.bytes.set(rest);
    this.index.clear();
    this.#filled = rest.length;
    this.consumed = 0;
    this.#scanAt = 1;
  }

  /** Only ever called when no record is in the index: it is one record that fills everything. */
  #grow(): void {
    const larger = new Uint8Array(this.bytes.length * 2);
    larger.set(this.bytes);
    if (this.kernel) this.index = new CellIndex(this.#columns.length);
    this.bytes = larger;
  }

  #shrink(needed: number): void {
    const fits = needed <= this.#capacity;
    this.bytes = (fits ? this.#kernel?.block : undefined) ?? new Uint8Array(Math.max(this.#capacity, needed));
    if (this.kernel) this.index = this.kernel.index;
  }

  /** True once the header has been read and dropped. */
  #readHeader(final: boolean): boolean {
    const { consumed, complete } = readHeader(this.bytes.subarray(0, this.#filled), this.#columns, final);
    if (!complete) return false;
    this.#headerRead = true;
    this.consumed = consumed;
    this.drop();
    return true;
  }

  /** The rows that the last scan added: their bytes and their size. */
  #check(from: number, fromRow: number): void {
    const { index, consumed } = this;
    refuseBadBytes(this.bytes, from, consumed, this.#columns.length, (row, cell) =>
      this.#place(fromRow + row, cell),
    );
    if (consumed - from <= MAX_RECORD_BYTES) return;
    for (let row = fromRow, start = from; row < index.rows; start = index.rowEnds[row++]!)
      if (index.rowEnds[row]! - start > MAX_RECORD_BYTES) throw this.#tooLarge(row);
  }

  #refuse(stop: ScanStop | undefined): void {
    if (stop === undefined || stop === 'record incomplete') return;
    throw recordRefusal(stop, this.#place(this.index.rows, this.index.stopCell), this.#columns.length);
  }

  #tooLarge(row: number): UserError {
    const what = 'the record is larger than 64 MB; perhaps a closing quote is missing in it or before it.';
    return refusal('csv-record-too-large', what, this.#place(row, undefined));
  }

  #place(row: number, cell: number | undefined): Place {
    return { row: this.rowsBefore + row + 1, column: cell === undefined ? undefined : this.#columns[cell] };
  }
}
