import type { EncodedBatch } from '../../dataset/batch.ts';

/** MongoDB's limit for one document; the same on every server since 2.6. */
export const maxDocumentBytes = 16 * 1024 * 1024;

/** The message may have 48,000,000 bytes; the rest is left for the command around the documents. */
const maxPieceBytes = 47_000_000;

/** The server's `maxWriteBatchSize`. */
const maxPieceDocuments = 100_000;

/** Documents of one command with the data row of each; the bytes are its own. */
export interface Piece {
  readonly documents: Uint8Array;
  readonly rows: ArrayLike<number>;
  /** `ends[i]` is where document i ends. */
  readonly ends: ArrayLike<number>;
}

/** Document `index` of a piece. */
export function documentOf(piece: Piece, index: number): Uint8Array {
  return piece.documents.subarray(index === 0 ? 0 : piece.ends[index - 1], piece.ends[index]);
}

/** One document of an encoded batch: a view that is valid as long as the batch is. */
export interface EncodedRow {
  readonly row: number;
  readonly document: Uint8Array;
}

/** The documents of a batch with the numbers of their rows. */
export function* encodedRows(encoded: EncodedBatch, firstRow: number): Generator<EncodedRow> {
  let start = 0;
  for (let index = 0; index < encoded.count; index += 1) {
    const end = encoded.ends[index]!;
    yield { row: firstRow + encoded.rows[index]!, document: encoded.bytes.subarray(start, end) };
    start = end;
  }
}

/** Gathers documents that were copied already; `take` gives what has gathered. */
class Gathering {
  private parts: Uint8Array[] = [];
  private rows: number[] = [];
  private ends: number[] = [];
  private bytes = 0;

  fits(document: Uint8Array): boolean {
    return this.bytes + document.length <= maxPieceBytes && this.rows.length < maxPieceDocuments;
  }

  add({ row, document }: EncodedRow): void {
    const last = this.parts.at(-1);
    // Neighbours in one buffer stay one part: most batches are then copied in one go.
    if (last && last.buffer === document.buffer && last.byteOffset + last.length === document.byteOffset) {
      this.parts[this.parts.length - 1] = new Uint8Array(
        last.buffer,
        last.byteOffset,
        last.length + document.length,
      );
    } else this.parts.push(document);
    this.bytes += document.length;
    this.rows.push(row);
    this.ends.push(this.bytes);
  }

  take(): Piece | undefined {
    if (this.rows.length === 0) return undefined;
    return { documents: Buffer.concat(this.parts), rows: this.rows, ends: this.ends };
  }
}

/**
 * A whole batch as one command, copied in one go; undefined when it must be cut. This is nearly every batch: nothing is
 * made for each row. The encoder has rejected documents that are too large already.
 */
export function wholePiece({ bytes, ends, rows, count }: EncodedBatch, firstRow: number): Piece | undefined {
  if (count === 0 || count > maxPieceDocuments || bytes.length > maxPieceBytes) return undefined;
  return {
    documents: bytes.slice(),
    rows: Float64Array.from(rows.subarray(0, count), (row) => firstRow + row),
    ends: ends.slice(0, count),
  };
}

/** Cuts documents into commands of allowed size, copying them. Too large documents are reported and left out. */
export function* cutPieces(
  rows: Iterable<EncodedRow>,
  tooLarge: (row: number, bytes: number) => void,
): Generator<Piece> {
  let gathering = new Gathering();
  for (const one of rows) {
    if (one.document.length > maxDocumentBytes) {
      tooLarge(one.row, one.document.length);
      continue;
    }
    if (!gathering.fits(one.document)) {
      const full = gathering.take();
      if (full) yield full;
      gathering = new Gathering();
    }
    gathering.add(one);
  }
  const rest = gathering.take();
  if (rest) yield rest;
}
