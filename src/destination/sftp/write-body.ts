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
  const { size } = options;
  const window = createWindow(channel, handle, options);
  let current = window.buffer();
  let filled = 0;
  for await (const chunk of body) {
    for (let at = 0; at < chunk.length;) {
      const part = chunk.subarray(at, at + size - filled);
      current.set(part, filled);
      filled += part.length;
      at += part.length;
      if (filled < size) continue;
      await window.send(current, filled);
      current = window.buffer();
      filled = 0;
    }
  }
  if (filled > 0) await window.send(current, filled);
  return window.finish();
}

/** Writes whole buffers, many under way at once, until the server shows that it cannot take that. */
function createWindow(channel: SftpChannel, handle: Buffer, { size, inFlight }: WindowOptions) {
  const spare: Buffer[] = [];
  const pending: Piece[] = [];
  let position = 0;
  let careful = inFlight === 1;

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
      if (careful) await writeInOrder(channel, handle, piece);
      spare.push(piece.buffer);
    }
  };
  return {
    /** A buffer to fill; it belongs to the window again once it is sent. */
    buffer: () => spare.pop() ?? Buffer.allocUnsafeSlow(size),
    async send(buffer: Buffer, length: number) {
      const start = position;
      position += length;
      if (careful) {
        await writeInOrder(channel, handle, { buffer, length, position: start });
        spare.push(buffer);
        return;
      }
      // The answer is a value, never a rejection: several may fail at once, and each must be waited for.
      const answer = channel.write(handle, buffer.subarray(0, length), start).then(noError, asValue);
      pending.push({ buffer, length, position: start, answer });
      if (pending.length >= inFlight) await settleOldest();
    },
    async finish() {
      while (pending.length > 0) await settleOldest();
      return { bytes: position, careful };
    },
  };
}

/** One write at a time, each of one packet. */
async function writeInOrder(
  channel: SftpChannel,
  handle: Buffer,
  piece: Omit<Piece, 'answer'>,
): Promise<void> {
  const { buffer, length, position } = piece;
  for (let at = 0; at < length; at += carefulSize) {
    await channel.write(handle, buffer.subarray(at, Math.min(at + carefulSize, length)), position + at);
  }
}

const noError = () => undefined;
const asValue = (error: unknown) => error;

/** Only a server's answer is a reason to try in order: a lost connection or an abort is not. */
function isStatus(error: unknown): boolean {
  return (
    typeof (error as { code?: unknown } | undefined)?.code === 'number' && !(error instanceof DOMException)
  );
}
