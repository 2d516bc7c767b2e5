/** Flag of a cell that stood in quotes. Its `start` and `end` exclude them. */
export const QUOTED = 1;
/** Flag (beside QUOTED) of a cell that holds doubled quotes: its bytes are the text only after `""` has become `"`. */
export const ESCAPED = 2;

const LF = 0x0a;
const CR = 0x0d;
const QUOTE = 0x22;
const COMMA = 0x2c;

/** Why scanning ended before the end of the bytes. */
export type ScanStop =
  | 'record incomplete'
  | 'unclosed quote'
  | 'stray quote'
  | 'bare carriage return'
  | 'too few cells'
  | 'too many cells';

// What `indexRecord` answers in place of an offset.
const STOPS: readonly ScanStop[] = [
  'record incomplete',
  'unclosed quote',
  'stray quote',
  'bare carriage return',
  'too few cells',
  'too many cells',
];
const INCOMPLETE = -1;
const UNCLOSED = -2;
const STRAY = -3;
const BARE_CR = -4;
const TOO_FEW = -5;
const TOO_MANY = -6;

/** Bytes that may end an unquoted cell; all are at most COMMA, which makes the common test one comparison. */
const ENDS_CELL = new Uint8Array(256);
for (const byte of [LF, CR, QUOTE, COMMA]) ENDS_CELL[byte] = 1;

type CellArrays = Pick<CellIndex, 'starts' | 'ends' | 'flags' | 'rowEnds'>;

/**
 * Where the cells of some records lie in their bytes: cell `c` of row `r` (both from 0) is entry `r * columns + c`.
 * Made to be reused: `clear` it and fill it again.
 */
export class CellIndex {
  readonly columns: number;
  /** Offsets of each cell's first byte, and after its last; quotes excluded. */
  starts: Int32Array;
  ends: Int32Array;
  /** QUOTED, ESCAPED. */
  flags: Uint8Array;
  /** Offset after each row's line end. Blank lines that are skipped belong to the row after them. */
  rowEnds: Int32Array;
  rows = 0;
  /** The cell (its place in the row) at which the last scan stopped. */
  stopCell = 0;

  /** `rows` is the room to begin with; `arrays` are that room, where it lies elsewhere. */
  constructor(columns: number, rows = Math.ceil(16_384 / Math.max(columns, 1)), arrays?: CellArrays) {
    this.columns = columns;
    this.starts = arrays?.starts ?? new Int32Array(rows * columns);
    this.ends = arrays?.ends ?? new Int32Array(rows * columns);
    this.flags = arrays?.flags ?? new Uint8Array(rows * columns);
    this.rowEnds = arrays?.rowEnds ?? new Int32Array(rows);
  }

  clear(): void {
    this.rows = 0;
  }

  /** Makes room for one more row. */
  reserve(): void {
    if (this.rows < this.rowEnds.length) return;
    const rows = this.rowEnds.length * 2;
    this.starts = grown(this.starts, new Int32Array(rows * this.columns));
    this.ends = grown(this.ends, new Int32Array(rows * this.columns));
    this.flags = grown(this.flags, new Uint8Array(rows * this.columns));
    this.rowEnds = grown(this.rowEnds, new Int32Array(rows));
  }
}

function grown<T extends Int32Array | Uint8Array>(from: T, into: T): T {
  into.set(from);
  return into;
}

/** Offset of the next quote; `to` when there is none. Short cells are the rule, so the native search starts late. */
function nextQuote(bytes: Uint8Array, from: number, to: number): number {
  const near = Math.min(from + 64, to);
  let i = from;
  while (i < near && bytes[i] !== QUOTE) i++;
  if (i < near || i === to) return i;
  const found = bytes.indexOf(QUOTE, i);
  return found < 0 || found > to ? to : found;
}

/** Indexes the record at `from` as the index's next row. Answers the offset after its line end, or a stop. */
function indexRecord(bytes: Uint8Array, from: number, to: number, final: boolean, index: CellIndex): number {
  const { columns, starts, ends, flags } = index;
  const first = index.rows * columns;
  const last = first + columns - 1;
  let i = from;
  for (let cell = first; ; cell++) {
    let byte = i < to ? bytes[i]! : LF;
    starts[cell] = i;
    flags[cell] = 0;
    index.stopCell = cell - first;
    if (byte === QUOTE) {
      starts[cell] = ++i;
      flags[cell] = QUOTED;
      for (i = nextQuote(bytes, i, to); i + 1 < to && bytes[i + 1] === QUOTE; i = nextQuote(bytes, i + 2, to))
        flags[cell] = QUOTED | ESCAPED;
      if (i >= to) return final ? UNCLOSED : INCOMPLETE;
      ends[cell] = i++;
      byte = i < to ? bytes[i]! : LF;
    } else {
      while (i < to && ((byte = bytes[i]!) > COMMA || ENDS_CELL[byte] === 0)) i++;
      ends[cell] = i;
    }
    if (i >= to && !final) return INCOMPLETE;
    if (i < to && byte === COMMA) {
      if (cell === last) return TOO_MANY;
      i++;
      continue;
    }
    const next = i < to ? lineEnd(bytes, i, byte, to, final) : to;
    return next >= 0 && cell !== last ? TOO_FEW : next;
  }
}

/** Offset after the line end at `i`, or the stop that stands there instead. */
function lineEnd(bytes: Uint8Array, i: number, byte: number, to: number, final: boolean): number {
  if (byte === LF) return i + 1;
  if (byte !== CR) return STRAY;
  if (i + 1 < to) return bytes[i + 1] === LF ? i + 2 : BARE_CR;
  return final ? BARE_CR : INCOMPLETE;
}

/** Offset after a blank line at `i`; `i` itself when the line is not blank. */
function afterBlankLine(bytes: Uint8Array, i: number, to: number): number {
  if (bytes[i] === LF) return i + 1;
  return bytes[i] === CR && i + 1 < to && bytes[i + 1] === LF ? i + 2 : i;
}

/**
 * The one scanner over canonical CSV: adds the records of `bytes[from, to)` to the index, until the bytes end, the index
 * holds `maxRows` rows, or a record is incomplete or against the rules. Blank lines are skipped, except where there is one
 * column: there a blank line is a row. `final` says that the stream ends at `to`, so that the last line end may be missing.
 * Answers the offset after the last whole record, and why scanning stopped before `to` if it did.
 */
export function indexRecords(
  bytes: Uint8Array,
  from: number,
  to: number,
  index: CellIndex,
  { final = false, maxRows = Infinity }: { final?: boolean; maxRows?: number } = {},
): { consumed: number; stop?: ScanStop } {
  let i = from;
  while (i < to && index.rows < maxRows) {
    const skipped = index.columns === 1 ? i : afterBlankLine(bytes, i, to);
    if (skipped === i) {
      index.reserve();
      const next = indexRecord(bytes, i, to, final, index);
      if (next < 0) return { consumed: i, stop: STOPS[-1 - next]! };
      index.rowEnds[index.rows++] = next;
      i = next;
    } else i = skipped;
  }
  return { consumed: i };
}
