import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/**
 * Sends bytes through a transform. What `body` throws comes out unchanged; however the loop ends, `body` and the transform are
 * closed when it has ended.
 */
export async function* through(
  body: AsyncIterable<Uint8Array>,
  transform: Duplex,
): AsyncGenerator<Uint8Array> {
  const fed = pipeline(body, transform);
  // A failure is thrown by the loop below; here it only must not count as unhandled.
  fed.catch(() => {});
  try {
    for await (const chunk of transform) yield chunk as Uint8Array;
    await fed;
  } finally {
    transform.destroy();
    await fed.catch(() => {});
  }
}
