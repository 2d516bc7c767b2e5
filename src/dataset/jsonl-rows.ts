import type { EncodeOptions } from './batch.ts';
import type { CellWriter } from './bson-values.ts';
import { isNullCell } from './cell-text.ts';
import type { Column } from './dataset.ts';
import { copyBytes, type DocumentOutput } from './document-output.ts';
import { refuseCell, type RowFormat } from './encode-rows.ts';
import { fieldNames } from './field-names.ts';
import { JSON_WRITERS, NEEDS_ESCAPE } from './jsonl-values.ts';
import type { RowPlan } from './kernel/row-plan.ts';
import type { RecordBlock } from './record-blocks.ts';

const NONE = new Uint8Array(0);
const LF = 0x0a;
const COMMA = 0x2c;
const OPEN = 0x7b;
const CLOSE = 0x7d;
/** Room beside a cell's own bytes: quotes, comma, `null`, a time of day and zone that a date lacks. */
const VALUE_BYTES = 32;
/** The most that a byte grows to: a control character becomes `\u0000`. */
const ESCAPE_GROWTH = 6;
/** Records up to this size are worth no count of what must be escaped. */
const SMALL_RECORD = 64 * 1024;

interface JsonColumn {
  readonly column: Column;
  readonly isText: boolean;
  readonly write: CellWriter;
  /** `"name":` */
  readonly name: Uint8Array;
}

function jsonColumns(columns: readonly Column[], names: readonly string[]): JsonColumn[] {
  return columns.map((column, i) => ({
    column,
    isText: column.type === 'STRING',
    write: JSON_WRITERS[column.type],
    name: Buffer.from(`${JSON.stringify(names[i])}:`),
  }));
}

/** Writes name, value and a comma, or nothing where a null is omitted (`empty` undefined). */
function writeField(
  { bytes, index }: RecordBlock,
  cell: number,
  { isText, write, name }: JsonColumn,
  empty: Uint8Array | undefined,
  out: DocumentOutput,
  at: number,
): number {
  const isNull = isNullCell(bytes, index, cell, isText);
  if (isNull && empty === undefined) return at;
  const from = copyBytes(name, 0, name.length, out.bytes, at);
  const to = isNull
    ? copyBytes(empty!, 0, empty!.length, out.bytes, from)
    : write(bytes, index.starts[cell]!, index.ends[cell]!, index.flags[cell]!, out, from);
  if (to < 0) return to;
  out.bytes[to] = COMMA;
  return to + 1;
}

/** Most bytes that `bytes[from, to)` can become. */
function grownBytes(bytes: Uint8Array, from: number, to: number): number {
  if (to - from <= SMALL_RECORD) return (to - from) * ESCAPE_GROWTH;
  let grown = to - from;
  for (let i = from; i < to; i++) if (NEEDS_ESCAPE[bytes[i]!] === 1) grown += ESCAPE_GROWTH - 1;
  return grown;
}

const NULL_TEXTS = { null: Buffer.from('null'), empty: Buffer.from('""'), omit: undefined };

/** Rows as JSON Lines. Throws UserError `columns-collide`. */
export function jsonlRows(columns: readonly Column[], options: EncodeOptions): RowFormat {
  const fields = jsonColumns(columns, fieldNames(columns, options.fieldNames));
  const empty = NULL_TEXTS[options.nulls];
  const fixed = 3 + fields.reduce((sum, { name }) => sum + name.length + VALUE_BYTES, 0);
  const plan: RowPlan = {
    format: 'jsonl',
    types: columns.map(({ type }) => type),
    headers: fields.map(({ name }) => Buffer.concat([Uint8Array.of(COMMA), name])),
    nulls: options.nulls,
    strict: options.strict,
    fixed: fixed + fields.length,
    growth: ESCAPE_GROWTH,
    id: NONE,
    append: NONE,
  };
  return {
    plan,
    maxBytes: (bytes, from, to) => fixed + grownBytes(bytes, from, to),
    writeRow(block, row, order, out, start) {
      let at = start + 1;
      for (const place of order) {
        const cell = row * columns.length + place;
        const next = writeField(block, cell, fields[place]!, empty, out, at);
        if (next < 0) return refuseCell(block, cell, fields[place]!.column, next, out);
        at = next;
      }
      // The last field's comma, if there is a field, becomes the closing brace.
      const close = Math.max(at - 1, start + 1);
      out.bytes[start] = OPEN;
      out.bytes[close] = CLOSE;
      out.bytes[close + 1] = LF;
      return close + 2;
    },
  };
}
