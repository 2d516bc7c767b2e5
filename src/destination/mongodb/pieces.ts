import type { EncodedBatch } from '../../dataset/batch.ts';

/** MongoDB's limit for one document; the same on every server since 2.6. */
export const maxDocumentBytes = 16 * 1024 * 1024;

/**
 * A command has at most this, unless one document alone has more. The wire would take 48,000,000 bytes, but above 4 MB only
 * memory grows, by this much for every command in flight.
 */
const maxPieceBytes = 8 * 1024 * 1024;

/** The server's `maxWriteBatchSize`. */
const maxPieceDocuments = 100_000;

/** Documents of one command with the data row of each; the bytes are its own. */
export interface Piece {
  readonly documents: Uint8Array;
  readonly rows: ArrayLike<number>;
  /** `ends[i]` is where document i ends; its length is the number of documents. */
  readonly ends: ArrayLike<number>;
}

/** Document `index` of a piece. */
export function documentOf(piece: Piece, index: number): Uint8Array {
  return piece.documents.subarray(index === 0 ? 0 : piece.ends[index - 1], piece.ends[index]);
}

/** How many documents from `from` on fit into one command; at least one. `ends` are ends of documents that stand together. */
function fitting(ends: ArrayLike<number>, from: number): number {
  const start = from === 0 ? 0 : ends[from - 1]!;
  const last = Math.min(ends.length, from + maxPieceDocuments);
  if (ends[last - 1]! - start <= maxPieceBytes) return last - from;
  let to = from + 1;
  while (to < last && ends[to]! - start <= maxPieceBytes) to += 1;
  return to - from;
}

/** A piece whose memory is used again for another one. */
class PooledPiece implements Piece {
  documents: Uint8Array = new Uint8Array(0);
  rows = new Float64Array(0);
  ends = new Uint32Array(0);
  /** What `documents`, `rows` and `ends` are views of. */
  #bytes = new ArrayBuffer(0);
  #rows = new Float64Array(0);
  #ends = new Uint32Array(0);

  /** Copies `count` documents of a batch, from the one at `from` on. */
  fill({ bytes, ends, rows }: EncodedBatch, firstRow: number, from: number, count: number): void {
    const start = from === 0 ? 0 : ends[from - 1]!;
    const end = ends[from + count - 1]!;
    this.#reserve(end - start, count);
    this.documents = new Uint8Array(this.#bytes, 0, end - start);
    this.documents.set(bytes.subarray(start, end));
    const ownRows = (this.rows = this.#rows.subarray(0, count));
    const ownEnds = (this.ends = this.#ends.subarray(0, count));
    for (let index = 0; index < count; index += 1) {
      ownRows[index] = firstRow + rows[from + index]!;
      ownEnds[index] = ends[from + index]! - start;
    }
  }

  /** Grows by powers of two: batches differ little in size, and every other buffer would be garbage. */
  #reserve(bytes: number, count: number): void {
    if (bytes > this.#bytes.byteLength) this.#bytes = new ArrayBuffer(2 ** Math.ceil(Math.log2(bytes)));
    if (count <= this.#ends.length) return;
    const length = 2 ** Math.ceil(Math.log2(count));
    this.#rows = new Float64Array(length);
    this.#ends = new Uint32Array(length);
  }
}

/** Pieces that use the memory of those that were given back: as many as are in flight, for a whole run. */
export class PiecePool {
  readonly #free: PooledPiece[] = [];

  /** A batch as commands, each copied in one go when it is asked for. Nothing is made for each row. */
  *piecesOf(encoded: EncodedBatch, firstRow: number): Generator<Piece> {
    for (let from = 0; from < encoded.count;) {
      const count = fitting(encoded.ends, from);
      const piece = this.#free.pop() ?? new PooledPiece();
      piece.fill(encoded, firstRow, from, count);
      yield piece;
      from += count;
    }
  }

  /** Only once the command is answered: until then a socket may read the bytes. */
  giveBack(piece: Piece): void {
    if (piece instanceof PooledPiece) this.#free.push(piece);
  }
}

/** One document on its own, and its data row. */
export interface DocumentRow {
  readonly row: number;
  readonly document: Uint8Array;
}

/** The documents of a batch with the numbers of their rows: views that are valid as long as the batch is. */
export function* encodedRows({ bytes, ends, rows, count }: EncodedBatch, firstRow: number) {
  for (let index = 0, start = 0; index < count; index += 1) {
    const end = ends[index]!;
    yield { row: firstRow + rows[index]!, document: bytes.subarray(start, end) } satisfies DocumentRow;
    start = end;
  }
}

/** Gathers documents that lie here and there into commands, copying them. Too large ones are reported and left out. */
export function* gatherPieces(
  all: readonly DocumentRow[],
  tooLarge: (one: DocumentRow) => void,
): Generator<Piece> {
  const good = all.filter(({ document }) => document.length <= maxDocumentBytes);
  for (const one of all) if (one.document.length > maxDocumentBytes) tooLarge(one);
  let end = 0;
  const ends = good.map(({ document }) => (end += document.length));
  for (let from = 0; from < good.length;) {
    const count = fitting(ends, from);
    const taken = good.slice(from, from + count);
    const start = from === 0 ? 0 : ends[from - 1]!;
    yield {
      documents: Buffer.concat(taken.map(({ document }) => document)),
      rows: taken.map(({ row }) => row),
      ends: ends.slice(from, from + count).map((one) => one - start),
    };
    from += count;
  }
}
