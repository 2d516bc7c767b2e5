import { open } from 'node:fs/promises';

/** Few reads, and still in the processor's cache when the bytes are counted. */
const blockBytes = 1024 * 1024;

/**
 * The bytes of a file. Two blocks take turns: while one is lent, the other is read; a block is valid until the next pull.
 * Throws the file system's errors as they are, and the signal's reason.
 */
export async function* fileBlocks(path: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  signal.throwIfAborted();
  const handle = await open(path);
  let [lent, ahead] = [Buffer.allocUnsafeSlow(blockBytes), Buffer.allocUnsafeSlow(blockBytes)];
  let reading = handle.read(ahead, 0, blockBytes);
  try {
    for (;;) {
      const { bytesRead } = await reading;
      signal.throwIfAborted();
      if (bytesRead === 0) return;
      [lent, ahead] = [ahead, lent];
      reading = handle.read(ahead, 0, blockBytes);
      yield lent.subarray(0, bytesRead);
    }
  } finally {
    // The read ahead writes into its block until it has ended; nobody is told of its error any more.
    await reading.catch(() => {});
    await handle.close();
  }
}
