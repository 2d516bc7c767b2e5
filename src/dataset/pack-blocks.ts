import { availableParallelism } from 'node:os';
import type { Transform } from 'node:stream';
import { giveBack } from './give-back.ts';

/** Large enough that starting each block anew costs less than 1 % of the bytes, small enough for several at once. */
const blockBytes = 2 * 1024 * 1024;

/** Blocks that are packed at once: one for each processor and two that wait, but no more than 32 MiB of them. */
const atOnce = Math.min(availableParallelism() + 2, 16);

/** What a transform makes of a block: pieces of memory of its own. */
function packed(transform: Transform, block: Uint8Array): Promise<Uint8Array[]> {
  const pieces: Uint8Array[] = [];
  return new Promise((done, fail) => {
    transform
      .on('data', (piece: Uint8Array) => pieces.push(piece))
      .on('end', () => done(pieces))
      .on('error', fail)
      .end(block);
  });
}

/**
 * Cuts a stream into blocks and gives what a transform of its own makes of each, in order; a chunk is valid until the next pull.
 * A few are packed at once, on the threads that such transforms use; blocks are copied into a ring of buffers and so used again.
 * At least one block is packed, if need be an empty one. What `body` or a transform throws comes out unchanged; then, as after
 * leaving early, no packing goes on.
 */
export async function* packBlocks(
  body: AsyncIterable<Uint8Array>,
  transform: () => Transform,
): AsyncGenerator<Uint8Array> {
  const ring = Array.from({ length: atOnce }, () => Buffer.alloc(0));
  const packing: Promise<Uint8Array[]>[] = [];
  let begun = 0;
  const begin = (block: Uint8Array) => {
    const pieces = packed(transform(), block);
    // Awaited in its turn; until then a failure must not count as unhandled.
    pieces.catch(() => {});
    packing.push(pieces);
    begun += 1;
  };
  async function* next() {
    const pieces = (await packing.shift()) ?? [];
    yield* pieces;
    for (const piece of pieces) giveBack(piece);
  }
  try {
    for await (const block of blocksOf(body, ring)) {
      begin(block);
      while (packing.length >= atOnce) yield* next();
    }
    if (begun === 0) begin(Buffer.alloc(0));
    while (packing.length > 0) yield* next();
  } finally {
    await Promise.allSettled(packing);
  }
}

/** Whole blocks, only the last one shorter; each lies in the next buffer of the ring. */
async function* blocksOf(body: AsyncIterable<Uint8Array>, ring: Buffer[]): AsyncGenerator<Uint8Array> {
  let turn = 0;
  let filled = 0;
  const buffer = () => {
    if (ring[turn]?.length !== blockBytes) ring[turn] = Buffer.allocUnsafeSlow(blockBytes);
    return ring[turn]!;
  };
  for await (const chunk of body) {
    for (let from = 0; from < chunk.length;) {
      const piece = chunk.subarray(from, from + blockBytes - filled);
      buffer().set(piece, filled);
      from += piece.length;
      filled += piece.length;
      if (filled < blockBytes) continue;
      yield buffer();
      turn = (turn + 1) % ring.length;
      filled = 0;
    }
  }
  if (filled > 0) yield buffer().subarray(0, filled);
}
