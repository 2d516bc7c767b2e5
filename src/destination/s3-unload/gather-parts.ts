import { crc32 } from 'node:zlib';
import type { OutgoingFile } from '../../connector/contract.ts';
import { copyInto } from '../../dataset/shared-memory.ts';
import { crc32OfEnd } from './crc32-of-end.ts';
import type { PartSizes } from './part-sizes.ts';

/** A piece of the file, of exactly the size that was asked for, only the last one shorter. */
export interface Part {
  /** From 1. */
  readonly number: number;
  readonly bytes: Buffer;
  readonly crc32: number;
  readonly last: boolean;
  /** Gives the memory back for a later part; `bytes` must not be used after. */
  release(): void;
}

/** Bytes that are gathered before a whole part's memory is made: most files end within them, and then nothing of 16 MiB is cleared and collected. */
const beginning = 256 * 1024;

/** Buffers of one size are used again; when parts grow, the smaller ones are let go. */
function createPool(memory: (size: number) => Buffer) {
  let free: Buffer[] = [];
  return {
    take(size: number): Buffer {
      if (free[0]?.length !== size) free = [];
      return free.pop() ?? memory(size);
    },
    give: (buffer: Buffer) => void free.push(buffer),
  };
}

/** Like the chunks of `body`, but a source that hangs does not outlast the signal. */
async function* pulled(body: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const chunks = body[Symbol.asyncIterator]();
  // One listener for all pulls: racing each against a promise that lives as long as the run would pile up reactions.
  let interrupt: (reason: unknown) => void = () => {};
  const onAbort = () => interrupt(signal.reason);
  signal.addEventListener('abort', onAbort);
  let ended = false;
  try {
    for (;;) {
      signal.throwIfAborted();
      const next = await new Promise<IteratorResult<Uint8Array>>((done, fail) => {
        interrupt = fail;
        void (async () => done(await chunks.next()))().catch(fail);
      });
      ended = next.done === true;
      if (next.done) return;
      yield next.value;
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    // Not awaited: a generator that hangs in its own await answers `return` only when it wakes.
    if (!ended) chunks.return?.().catch(() => {});
  }
}

/**
 * Sums parts: from the sum of the file where that is told, so that only chunks which a part's end cuts are gone through again.
 */
function createSums(told: OutgoingFile['crc32SoFar']) {
  let [before, sum] = [0, 0];
  return {
    /** While its bytes are still in the processor's cache; over a whole part it takes several times as long. */
    add(piece: Uint8Array, endsChunk: boolean): void {
      sum = told && endsChunk ? told() : crc32(piece, sum);
    },
    /** The sum of the `length` bytes since the last part. */
    take(length: number): number {
      const part = crc32OfEnd(before, sum, length);
      before = sum;
      return part;
    },
  };
}

/**
 * Copies a file's body into part buffers, cut exactly. A full part is held back until more bytes come or the body has ended,
 * so that `last` is true; a body without bytes gives one empty last part. An error of the body passes through.
 */
export async function* gatherParts(
  { body, crc32SoFar }: Pick<OutgoingFile, 'body' | 'crc32SoFar'>,
  sizes: PartSizes,
  signal: AbortSignal,
  memory: (size: number) => Buffer = (size) => Buffer.allocUnsafeSlow(size),
): AsyncGenerator<Part> {
  const pool = createPool(memory);
  const sums = createSums(crc32SoFar);
  let number = 1;
  let size = sizes(number);
  let buffer = memory(Math.min(size, beginning));
  let filled = 0;
  const part = (last: boolean): Part => {
    const [whole, bytes] = [buffer, buffer.subarray(0, filled)];
    return { number, bytes, crc32: sums.take(filled), last, release: () => pool.give(whole) };
  };
  for await (const chunk of pulled(body, signal)) {
    for (let from = 0; from < chunk.length;) {
      if (filled === size) {
        yield part(false);
        number += 1;
        size = sizes(number);
        buffer = pool.take(size);
        filled = 0;
      } else if (filled === buffer.length) {
        const whole = pool.take(size);
        copyInto(whole, buffer, 0);
        buffer = whole;
      }
      const piece = chunk.subarray(from, from + buffer.length - filled);
      copyInto(buffer, piece, filled);
      filled += piece.length;
      from += piece.length;
      sums.add(piece, from === chunk.length);
    }
  }
  yield part(true);
}
