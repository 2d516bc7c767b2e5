import type { Duplex } from 'node:stream';

/** Resolves when the transform has no more use for the chunk; it may keep it until then. */
function write(transform: Duplex, chunk: Uint8Array): Promise<void> {
  return new Promise((done, fail) => {
    // A transform that is destroyed forgets the callbacks of its writes.
    const closed = () => fail(new Error('The transform was closed.'));
    transform.once('close', closed);
    transform.write(chunk, (error) => {
      transform.off('close', closed);
      if (error) fail(error);
      else done();
    });
  });
}

/** Writes the body into the transform, chunk by chunk; what the body throws becomes the transform's error. */
async function feed(chunks: AsyncIterator<Uint8Array>, transform: Duplex): Promise<void> {
  try {
    for (let step = await chunks.next(); !step.done; step = await chunks.next()) {
      await write(transform, step.value);
    }
    transform.end();
  } catch (error) {
    transform.destroy(error as Error);
  }
}

/**
 * Gives memory back at once that a transform made for its output, after the last of its chunks has been used. To wait for the
 * garbage collector, which looks through everything for each few megabytes of it, takes a third of the time of un-zipping.
 */
function giveBack({ buffer, byteOffset, length }: Uint8Array): void {
  // Small memory may be a piece of what all buffers share.
  const own = buffer instanceof ArrayBuffer && buffer.byteLength > Buffer.poolSize;
  if (own && byteOffset + length === buffer.byteLength) buffer.transfer(0);
}

/**
 * Sends bytes through a transform, which fills piece after piece of memory and leaves those that are full. A chunk is valid until
 * the next pull. The next chunk of `body` is pulled when the last was taken in whole. What `body` throws
 * comes out unchanged; however the loop ends, `body` and the transform are closed when it has ended.
 */
export async function* through(
  body: AsyncIterable<Uint8Array>,
  transform: Duplex,
): AsyncGenerator<Uint8Array> {
  const chunks = body[Symbol.asyncIterator]();
  const fed = feed(chunks, transform);
  try {
    for await (const chunk of transform as AsyncIterable<Uint8Array>) {
      yield chunk;
      giveBack(chunk);
    }
  } finally {
    transform.destroy();
    await chunks.return?.();
    await fed;
  }
}
