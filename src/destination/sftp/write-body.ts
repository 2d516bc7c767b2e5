import { frameHead } from './direct-writes.ts';
import type { Lane, Stripes } from './stripes.ts';

/** How a file is written. */
export interface WindowOptions {
  /** Bytes of one write. */
  readonly size: number;
  /** Many writes under way at once; false: one after the other. */
  readonly concurrent: boolean;
}

/** What a careful server takes: one write at a time, of one packet (draft-ietf-secsh-filexfer-02, 3). */
const carefulSize = 32_768 - 1024;

/** Servers with small writes are not flooded: at most as many as 64 KB pieces would make, but for four at least. */
function writesUnderWay(size: number, bytes: number): number {
  return Math.min(bytes / 65_536, Math.max(4, bytes / size));
}

/** A piece that was sent and whose place in the file is not yet certain. */
interface Piece {
  /** Room for the head of a write, then the bytes. */
  readonly frame: Buffer;
  readonly position: number;
  readonly answer: Promise<unknown>;
}

/**
 * Writes a stream through a sliding window and returns its bytes. Pieces are kept until all before them are acknowledged:
 * when a server cannot take writes out of order, they are written again one by one, from the first uncertain byte,
 * and the rest likewise; the stream itself cannot be read twice. Memory is what `stripes` allows to be under way.
 * `careful` tells that it came to that. Throws what the server answered when that fails too; the stream's own errors pass unchanged.
 */
export async function writeBody(
  first: Lane,
  stripes: Stripes,
  body: AsyncIterable<Uint8Array>,
  options: WindowOptions,
): Promise<{ readonly bytes: number; readonly careful: boolean }> {
  const head = frameHead(first.handle);
  const full = head + options.size;
  const window = createWindow(first, stripes, head, options);
  let frame = window.frame();
  let filled = head;
  for await (const chunk of body) {
    for (let at = 0; at < chunk.length;) {
      const part = chunk.subarray(at, at + full - filled);
      frame.set(part, filled);
      filled += part.length;
      at += part.length;
      if (filled < full) continue;
      await window.send(frame);
      frame = window.frame();
      filled = head;
    }
  }
  if (filled > head) await window.send(frame.subarray(0, filled));
  return window.finish();
}

/** Writes whole frames, many under way at once, until the server shows that it cannot take that. */
function createWindow(first: Lane, stripes: Stripes, head: number, { size, concurrent }: WindowOptions) {
  const spare: Buffer[] = [];
  const pending: Piece[] = [];
  let position = 0;
  let careful = !concurrent;

  /** Waits for the oldest piece; when it failed, all that is uncertain is written again in order. */
  const settleOldest = async () => {
    const [oldest] = pending;
    if (!oldest) return;
    const error = await oldest.answer;
    if (error !== undefined) {
      for (const piece of pending) await piece.answer;
      if (!isStatus(error)) throw error;
      careful = true;
    }
    for (const piece of pending.splice(0, careful ? pending.length : 1)) {
      if (careful) await writeInOrder(first, piece.frame.subarray(head), piece.position);
      spare.push(piece.frame);
    }
  };
  return {
    /** A frame to fill behind its head; it belongs to the window again once it is sent. */
    frame: () => spare.pop() ?? Buffer.allocUnsafeSlow(head + size),
    async send(frame: Buffer) {
      const start = position;
      position += frame.length - head;
      if (careful) {
        await writeInOrder(first, frame.subarray(head), start);
        spare.push(frame);
        return;
      }
      pending.push({ frame, position: start, answer: writeOver(stripes.pick(start), frame, start) });
      while (pending.length >= writesUnderWay(size, stripes.underWay())) await settleOldest();
    },
    async finish() {
      while (pending.length > 0) await settleOldest();
      return { bytes: position, careful };
    },
  };
}

/** The answer is a value, never a rejection: several may fail at once, and each must be waited for. */
async function writeOver(lane: Lane, frame: Buffer, position: number): Promise<unknown> {
  lane.underWay += frame.length;
  try {
    await lane.channel.writeFrame(lane.handle, frame, position);
    return undefined;
  } catch (error) {
    return error;
  } finally {
    lane.underWay -= frame.length;
  }
}

/** One write at a time, each of one packet. */
async function writeInOrder({ channel, handle }: Lane, bytes: Buffer, position: number): Promise<void> {
  for (let at = 0; at < bytes.length; at += carefulSize) {
    await channel.write(handle, bytes.subarray(at, at + carefulSize), position + at);
  }
}

/** Only a server's answer is a reason to try in order: a lost connection or an abort is not. */
function isStatus(error: unknown): boolean {
  return (
    typeof (error as { code?: unknown } | undefined)?.code === 'number' && !(error instanceof DOMException)
  );
}
