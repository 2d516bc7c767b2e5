import { isTold } from '../../errors.ts';
import type { SftpChannel } from './sftp-channel.ts';

/** How a file is written. */
export interface WindowOptions {
  /** Bytes of one write. */
  readonly size: number;
  /** Writes under way at once. */
  readonly inFlight: number;
}

/** What a careful server takes: one write at a time, of one packet (draft-ietf-secsh-filexfer-02, 3). */
const carefulSize = 32_768 - 1024;

/** A piece that was sent and whose place in the file is not yet certain. */
interface Piece {
  readonly buffer: Buffer;
  readonly length: number;
  readonly position: number;
  readonly answer: Promise<unknown>;
}

/**
 * Writes a stream through a sliding window and returns its bytes. Pieces are kept until all before them are acknowledged:
 * when a server cannot take writes out of order, they are written again one by one, from the first uncertain byte,
 * and the rest likewise; the stream itself cannot be read twice. Memory is `size × inFlight`.
 * Throws what the server answered when that fails too; the stream's own errors pass unchanged.
 */
export async function writeBody(
  channel: SftpChannel,
  handle: Buffer,
  body: AsyncIterable<Uint8Array>,
  options: WindowOptions,
): Promise<{ readonly bytes: number; readonly careful: boolean }> {
  const writer = createWriter(channel, handle, options);
  for await (const chunk of body) await writer.add(chunk);
  return writer.finish();
}

function createWriter(channel: SftpChannel, handle: Buffer, { size, inFlight }: WindowOptions) {
  const spare: Buffer[] = [];
  const pending: Piece[] = [];
  let current: Buffer = Buffer.allocUnsafeSlow(size);
  let filled = 0;
  let position = 0;
  let careful = inFlight === 1;

  const inOrder = async (buffer: Buffer, length: number, start: number) => {
    for (let at = 0; at < length; at += carefulSize) {
      await channel.write(handle, buffer.subarray(at, Math.min(at + carefulSize, length)), start + at);
    }
  };
  /** One of the window failed: all that is uncertain is written again in order. */
  const fallBack = async (error: unknown) => {
    await Promise.all(pending.map((piece) => piece.answer));
    if (isTold(error) || careful || !isStatus(error)) throw error;
    careful = true;
    for (const piece of pending.splice(0)) await inOrder(piece.buffer, piece.length, piece.position);
  };
  /** Waits for the oldest piece. */
  const settleOldest = async () => {
    const [oldest] = pending;
    const error = await oldest?.answer;
    if (error !== undefined) return fallBack(error);
    pending.shift();
    if (oldest) spare.push(oldest.buffer);
  };
  const send = async () => {
    const [buffer, length, start] = [current, filled, position];
    position += length;
    filled = 0;
    if (careful) return inOrder(buffer, length, start);
    // The answer is a value, never a rejection: several may fail at once, and each must be waited for.
    const answer = channel.write(handle, buffer.subarray(0, length), start).then(noError, asValue);
    pending.push({ buffer, length, position: start, answer });
    if (pending.length >= inFlight) await settleOldest();
    current = spare.pop() ?? Buffer.allocUnsafeSlow(size);
  };
  return {
    async add(chunk: Uint8Array) {
      for (let at = 0; at < chunk.length;) {
        const part = chunk.subarray(at, at + size - filled);
        current.set(part, filled);
        filled += part.length;
        at += part.length;
        if (filled === size) await send();
      }
    },
    async finish() {
      if (filled > 0) await send();
      while (pending.length > 0) await settleOldest();
      return { bytes: position, careful };
    },
  };
}

const noError = () => undefined;
const asValue = (error: unknown) => error;

/** Only a server's answer is a reason to try in order: a lost connection or an abort is not. */
function isStatus(error: unknown): boolean {
  return (
    typeof (error as { code?: unknown } | undefined)?.code === 'number' && !(error instanceof DOMException)
  );
}
