import type { ByteSink } from './byte-sink.ts';
import { type CellIndex, QUOTED } from './cell-index.ts';
import { isNullCell } from './cell-text.ts';
import type { CsvDialect } from './csv-dialect.ts';
import { isFormula } from './formula-guard.ts';

/** What has to happen to a cell on its way from canonical CSV into a dialect. */
export type CellChange = 'none' | 'null' | 'quote' | 'guard';

const HASH = 0x23;
const QUOTE = 0x22;
const APOSTROPHE = Buffer.from("'");

function startsAt(bytes: Uint8Array, at: number, mark: Uint8Array): boolean {
  for (let i = 0; i < mark.length; i++) if (bytes[at + i] !== mark[i]) return false;
  return true;
}

/** Finds any of some characters, each given in UTF-8, without looking at more than one byte for most bytes. */
function finder(marks: readonly Uint8Array[]): (bytes: Uint8Array, from: number, to: number) => number {
  const begins = new Uint8Array(256);
  for (const mark of marks) begins[mark[0]!] = 1;
  return (bytes, from, to) => {
    for (let i = from; i < to; i++) {
      if (begins[bytes[i]!] === 1 && marks.some((mark) => startsAt(bytes, i, mark))) return i;
    }
    return -1;
  };
}

/** The spelling of single cells in one dialect. */
export interface CellSpelling {
  change(bytes: Uint8Array, index: CellIndex, cell: number, column: number): CellChange;
  /** Writes a cell that is changed. */
  write(sink: ByteSink, change: CellChange, bytes: Uint8Array, index: CellIndex, cell: number): void;
}

/** Writes what stands between the quotes. `""` of the source is one quote. */
function contentWriter(dialect: CsvDialect) {
  const escape = Buffer.from(dialect.escape);
  const special = finder([Buffer.from('"'), Buffer.from(dialect.quote), escape]);
  const escapesQuote = dialect.quote === '"' || dialect.escape === '"';
  return (sink: ByteSink, bytes: Uint8Array, from: number, to: number) => {
    let start = from;
    for (let at = special(bytes, from, to); at >= 0;) {
      const isQuote = bytes[at] === QUOTE;
      sink.copy(bytes, start, at);
      if (!isQuote || escapesQuote) sink.put(escape);
      // The second quote of a pair is copied, the first one left out.
      start = isQuote ? at + 1 : at;
      at = special(bytes, isQuote ? at + 2 : at + 1, to);
    }
    sink.copy(bytes, start, to);
  };
}

/** Characters of the dialect that an unquoted canonical cell may hold all the same. */
function unquotedSpecials({ delimiter, quote, escape }: CsvDialect): Buffer[] {
  return [...new Set([delimiter, quote, escape])]
    .filter((character) => character !== ',' && character !== '"')
    .map((character) => Buffer.from(character));
}

/** How cells are spelled; `isText` tells of each column whether it is text (there an empty quoted cell is no null). */
export function cellSpelling(dialect: CsvDialect, isText: readonly boolean[]): CellSpelling {
  const quote = Buffer.from(dialect.quote);
  const nullText = Buffer.from(dialect.nullText);
  const keepsQuoted = dialect.quote === '"' && dialect.escape === '"';
  const marks = unquotedSpecials(dialect);
  const special = finder(marks);
  const writeContent = contentWriter(dialect);
  const { formulaGuard, guardFirstHash } = dialect;

  function needsQuotes(bytes: Uint8Array, start: number, end: number, column: number): boolean {
    if (guardFirstHash && column === 0 && bytes[start] === HASH) return true;
    if (end - start === nullText.length && startsAt(bytes, start, nullText)) return true;
    return marks.length > 0 && special(bytes, start, end) >= 0;
  }

  return {
    change(bytes, index, cell, column) {
      const start = index.starts[cell]!;
      const end = index.ends[cell]!;
      const quoted = (index.flags[cell]! & QUOTED) !== 0;
      if (isNullCell(bytes, index, cell, isText[column]!)) {
        return start === end && !quoted && nullText.length === 0 ? 'none' : 'null';
      }
      if (formulaGuard && isFormula(bytes, start, end)) return 'guard';
      if (quoted) return keepsQuoted ? 'none' : 'quote';
      return needsQuotes(bytes, start, end, column) ? 'quote' : 'none';
    },
    write(sink, change, bytes, index, cell) {
      if (change === 'null') return sink.put(nullText);
      sink.put(quote);
      if (change === 'guard') sink.put(APOSTROPHE);
      const [start, end] = [index.starts[cell]!, index.ends[cell]!];
      if (keepsQuoted) sink.copy(bytes, start, end);
      else writeContent(sink, bytes, start, end);
      sink.put(quote);
    },
  };
}
