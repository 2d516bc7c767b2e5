import type { Duplex } from 'node:stream';
import { giveBack } from './give-back.ts';

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

/** Of the chunks that lie in the same memory, which a transform fills from its beginning, this is the last. */
const isLast = ({ buffer, byteOffset, length }: Uint8Array) => byteOffset + length === buffer.byteLength;

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
      if (isLast(chunk)) giveBack(chunk);
    }
  } finally {
    transform.destroy();
    await chunks.return?.();
    await fed;
  }
}
