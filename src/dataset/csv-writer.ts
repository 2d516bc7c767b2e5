import { UserError } from '../errors.ts';
import { ByteSink } from './byte-sink.ts';
import { CellIndex, indexRecords } from './cell-index.ts';
import { type CellSpelling, cellSpelling } from './csv-cells.ts';
import { asBuffer } from './cell-text.ts';
import { type CsvDialect, keepsRecords } from './csv-dialect.ts';
import type { Column } from './dataset.ts';
import type { RecordBlock } from './record-blocks.ts';
import { type Rows, cellEnd, cellStart, recordText } from './record-text.ts';
import { byteOrderMark, encodeText, firstUnmappable } from './text-encoding.ts';

/** Reports a row that is left out; `record` gives its record as it came, as long as the call lasts. */
export type RejectRow = (
  row: number,
  reason: string,
  column: string | undefined,
  record: () => string | undefined,
) => void;

const CR = 0x0d;
const LF = Buffer.from('\n');
const CRLF = Buffer.from('\r\n');

/** The header of canonical CSV: one record with its line end, LF. Empty when there are no columns. */
export function headerRecord(columns: readonly Column[]): Uint8Array {
  const cells = columns.map(({ name }) =>
    /^$|^\\N$|[",\r\n]/.test(name) ? `"${name.replaceAll('"', '""')}"` : name,
  );
  return Buffer.from(cells.length === 0 ? '' : `${cells.join(',')}\n`);
}

/** What the rows of one DataSet become in one dialect. */
interface RecordWriter {
  readonly columns: number;
  readonly spelling: CellSpelling;
  /** Undefined: a comma, as it stands in the source. */
  readonly delimiter: Uint8Array | undefined;
  /** Undefined: as received. */
  readonly lineEnd: Uint8Array | undefined;
}

function recordWriter(dialect: CsvDialect, isText: readonly boolean[], lineEnd?: Uint8Array): RecordWriter {
  const told = { asReceived: undefined, lf: LF, crlf: CRLF }[dialect.lineEnding];
  return {
    columns: isText.length,
    spelling: cellSpelling(dialect, isText),
    delimiter: dialect.delimiter === ',' ? undefined : Buffer.from(dialect.delimiter),
    lineEnd: told ?? lineEnd,
  };
}

/** How a row of the block ends: LF, CRLF, or undefined where the stream ended without one. */
function receivedEnd(block: Rows, row: number): Uint8Array | undefined {
  const end = cellEnd(block, (row + 1) * block.index.columns - 1);
  if (end >= block.index.rowEnds[row]!) return undefined;
  return block.bytes[end] === CR ? CRLF : LF;
}

/** Writes one row. What need not change is copied in runs as long as can be, up to the whole row at once. */
function writeRow(sink: ByteSink, writer: RecordWriter, block: Rows, row: number): void {
  const { columns, spelling, delimiter } = writer;
  const { bytes, index } = block;
  const first = row * columns;
  let copied = cellStart(block, first);
  for (let column = 0; column < columns; column++) {
    const cell = first + column;
    const change = spelling.change(bytes, index, cell, column);
    if (change !== 'none') {
      sink.copy(bytes, copied, cellStart(block, cell));
      spelling.write(sink, change, bytes, index, cell);
      copied = cellEnd(block, cell);
    }
    if (delimiter && column < columns - 1) {
      sink.copy(bytes, copied, cellEnd(block, cell));
      sink.put(delimiter);
      copied = cellEnd(block, cell) + 1;
    }
  }
  sink.copy(bytes, copied, cellEnd(block, first + columns - 1));
}

/** Writes the rows of a block that are not left out. `lastEnd` completes a last record without line end. */
function writeRows(sink: ByteSink, writer: RecordWriter, block: Rows, skip: ReadonlySet<number>): void {
  let lastEnd: Uint8Array = LF;
  for (let row = 0; row < block.index.rows; row++) {
    lastEnd = receivedEnd(block, row) ?? lastEnd;
    if (skip.has(row)) continue;
    writeRow(sink, writer, block, row);
    sink.put(writer.lineEnd ?? lastEnd);
  }
}

/** It grows to what the largest block needs, and stays. */
const firstCapacity = 64 * 1024;

const nothing: ReadonlySet<number> = new Set();

/** Reports the rows of a block that do not fit the encoding, and answers which (from 0). */
function rejectUnmappable(
  block: RecordBlock,
  columns: readonly Column[],
  reject: RejectRow,
): ReadonlySet<number> {
  const { bytes, index } = block;
  if (firstUnmappable(bytes, 0, bytes.length) < 0) return nothing;
  const rejected = new Set<number>();
  for (let cell = 0; cell < index.rows * columns.length; cell++) {
    const row = Math.floor(cell / columns.length);
    const at = firstUnmappable(bytes, index.starts[cell]!, index.ends[cell]!);
    if (at < 0 || rejected.has(row)) continue;
    rejected.add(row);
    const column = columns[cell % columns.length]?.name;
    reject(block.firstRow + row, reasonAt(bytes, at), column, () => recordText(block, row));
  }
  return rejected;
}

function reasonAt(bytes: Uint8Array, at: number): string {
  const [character = ''] = new TextDecoder().decode(bytes.subarray(at, at + 4));
  const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
  return `Windows-1252 has no character "${character}" (U+${code}).`;
}

function refuseHeader(columns: readonly Column[]): void {
  for (const { name } of columns) {
    const bytes = Buffer.from(name);
    const at = firstUnmappable(bytes, 0, bytes.length);
    if (at < 0) continue;
    throw new UserError(
      'csv-unmappable-header',
      `A column cannot be named in the file: ${reasonAt(bytes, at)}`,
      {
        field: 'encoding',
        column: name,
        remedy: 'Choose UTF-8, write a question mark for what does not fit, or leave the header out.',
      },
    );
  }
}

/**
 * What a file of the dialect begins with: byte order mark and header, each if wanted. `received` is the line end of the header
 * where line ends are as received. Throws UserError `csv-unmappable-header`.
 */
export function headerBytes(
  columns: readonly Column[],
  dialect: CsvDialect,
  received: Uint8Array = LF,
): Uint8Array {
  const mark = dialect.byteOrderMark ? byteOrderMark(dialect.encoding) : new Uint8Array(0);
  if (!dialect.header || columns.length === 0) return mark;
  if (dialect.encoding === 'windows1252' && dialect.unmappable === 'reject') refuseHeader(columns);
  const bytes = headerRecord(columns);
  const index = new CellIndex(columns.length);
  indexRecords(bytes, 0, bytes.length, index, { final: true, maxRows: 1 });
  const sink = new ByteSink(bytes.length * 2);
  writeRows(
    sink,
    recordWriter(
      dialect,
      columns.map(() => true),
      received,
    ),
    { bytes, index },
    nothing,
  );
  return Buffer.concat([mark, encodeText(sink.view(), dialect.encoding)]);
}

const HASH = 0x23;
const lineFeed = 0x0a;

/** True when `#` stands at the beginning of the bytes or of a line in them, be it inside of a cell. */
function mayBeginWithHash(bytes: Uint8Array): boolean {
  const buffer = asBuffer(bytes);
  let at = buffer.indexOf(HASH);
  while (at > 0 && buffer[at - 1] !== lineFeed) at = buffer.indexOf(HASH, at + 1);
  return at >= 0;
}

/** True when the records of a block are spelled in the dialect already. Its cells need not be known for that. */
function isSpelled({ bytes }: RecordBlock, dialect: CsvDialect): boolean {
  if (!keepsRecords(dialect) || bytes.at(-1) !== lineFeed) return false;
  return !dialect.guardFirstHash || !mayBeginWithHash(bytes);
}

/**
 * Canonical records in another dialect, header first, one chunk for each block; a chunk is valid until the next pull.
 * A record without line end at the end of the stream gets one. Rows that do not fit the encoding are reported and left out.
 * Throws what `reject` throws, and UserError `csv-unmappable-header`.
 */
export async function* writeCsv(
  blocks: AsyncIterable<RecordBlock>,
  columns: readonly Column[],
  dialect: CsvDialect,
  reject: RejectRow,
): AsyncGenerator<Uint8Array, void, undefined> {
  const isText = columns.map(({ type }) => type === 'STRING');
  const writer = recordWriter(dialect, isText);
  const rejects = dialect.encoding === 'windows1252' && dialect.unmappable === 'reject';
  const sink = new ByteSink(firstCapacity);
  let begun = false;
  for await (const block of blocks) {
    if (!begun) yield* some(headerBytes(columns, dialect, receivedEnd(block, 0)));
    begun = true;
    if (isSpelled(block, dialect)) {
      yield block.bytes;
      continue;
    }
    const skip = rejects ? rejectUnmappable(block, columns, reject) : nothing;
    sink.clear();
    writeRows(sink, writer, block, skip);
    yield* some(encodeText(sink.view(), dialect.encoding));
  }
  if (!begun) yield* some(headerBytes(columns, dialect));
}

function* some(bytes: Uint8Array): Generator<Uint8Array, void, undefined> {
  if (bytes.length > 0) yield bytes;
}
