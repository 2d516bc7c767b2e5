import type { BsonOptions, NullPolicy } from './batch.ts';
import { BSON_NULL, BSON_STRING, BSON_TYPES, type CellWriter, strictDateTime } from './bson-values.ts';
import { isNullCell } from './cell-text.ts';
import type { Column } from './dataset.ts';
import { copyBytes, type DocumentOutput } from './document-output.ts';
import { REFUSED, refuseCell, type RowFormat } from './encode-rows.ts';
import { fieldNames } from './field-names.ts';
import type { RecordBlock } from './record-blocks.ts';

/** What MongoDB accepts as one document. */
const MAX_DOCUMENT_BYTES = 16 * 1024 * 1024;
const OBJECT_ID = 0x07;
/** Room for any value but a text: a Decimal128, or length and end of a text. */
const VALUE_BYTES = 16;
const NONE = new Uint8Array(0);

interface BsonColumn {
  readonly column: Column;
  readonly isText: boolean;
  readonly type: number;
  readonly write: CellWriter;
  /** The field's name and its ending NUL. */
  readonly name: Uint8Array;
}

/** Type and name of the `_id`, then the prefix; empty when none is to be written. */
function idElement(names: readonly string[], prefix: Uint8Array | undefined): Uint8Array {
  if (prefix === undefined || names.includes('_id')) return NONE;
  if (prefix.length !== 7) throw new RangeError('An id prefix has 7 bytes.');
  return new Uint8Array([OBJECT_ID, ...Buffer.from('_id\0'), ...prefix]);
}

/** Writes the `_id` of a data row: prefix, then the row number in 5 bytes, the highest first. */
function writeId(id: Uint8Array, row: number, out: DocumentOutput, at: number): number {
  if (id.length === 0) return at;
  const to = copyBytes(id, 0, id.length, out.bytes, at);
  out.bytes[to] = Math.floor(row / 2 ** 32);
  out.view.setUint32(to + 1, row % 2 ** 32);
  return to + 5;
}

function writeNull(name: Uint8Array, nulls: NullPolicy, out: DocumentOutput, at: number): number {
  if (nulls === 'omit') return at;
  out.bytes[at] = nulls === 'null' ? BSON_NULL : BSON_STRING;
  const to = copyBytes(name, 0, name.length, out.bytes, at + 1);
  if (nulls === 'null') return to;
  out.view.setInt32(to, 1, true);
  out.bytes[to + 4] = 0;
  return to + 5;
}

/** Writes one element, or nothing where a null is omitted. */
function writeField(
  { bytes, index }: RecordBlock,
  cell: number,
  { isText, type, write, name }: BsonColumn,
  nulls: NullPolicy,
  out: DocumentOutput,
  at: number,
): number {
  if (isNullCell(bytes, index, cell, isText)) return writeNull(name, nulls, out, at);
  out.bytes[at] = type;
  const to = copyBytes(name, 0, name.length, out.bytes, at + 1);
  return write(bytes, index.starts[cell]!, index.ends[cell]!, index.flags[cell]!, out, to);
}

function bsonColumns(columns: readonly Column[], names: readonly string[], strict: boolean): BsonColumn[] {
  return columns.map((column, i) => ({
    column,
    isText: column.type === 'STRING',
    type: BSON_TYPES[column.type].type,
    write: strict && column.type === 'DATETIME' ? strictDateTime : BSON_TYPES[column.type].write,
    name: Buffer.from(`${names[i]}\0`),
  }));
}

function tooLarge(bytes: number, out: DocumentOutput): number {
  out.column = undefined;
  out.reason = `The document would have ${bytes} bytes; MongoDB takes at most 16 MB.`;
  return REFUSED;
}

/** Rows as BSON documents. Throws UserError `columns-collide`. */
export function bsonRows(columns: readonly Column[], options: BsonOptions): RowFormat {
  const names = fieldNames(columns, options.fieldNames);
  const fields = bsonColumns(columns, names, options.strict);
  const id = idElement(names, options.idPrefix);
  const { nulls, append = NONE } = options;
  const nameBytes = fields.reduce((sum, { name }) => sum + name.length, 0);
  const fixed = 5 + id.length + 5 + append.length + nameBytes + fields.length * (1 + VALUE_BYTES);
  const headers = fields.map(({ type, name }) => Buffer.concat([Uint8Array.of(type), name]));
  const types = columns.map(({ type }) => type);
  return {
    plan: { format: 'bson', types, headers, nulls, strict: options.strict, fixed, growth: 1, id, append },
    maxBytes: (_bytes, from, to) => fixed + to - from,
    writeRow(block, row, order, out, start) {
      let at = writeId(id, block.firstRow + row, out, start + 4);
      for (const place of order) {
        const cell = row * columns.length + place;
        const next = writeField(block, cell, fields[place]!, nulls, out, at);
        if (next < 0) return refuseCell(block, cell, fields[place]!.column, next, out);
        at = next;
      }
      at = copyBytes(append, 0, append.length, out.bytes, at);
      out.bytes[at++] = 0;
      out.view.setInt32(start, at - start, true);
      return at - start > MAX_DOCUMENT_BYTES ? tooLarge(at - start, out) : at;
    },
  };
}
