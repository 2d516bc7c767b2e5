import { createHash } from 'node:crypto';
import { parentPort } from 'node:worker_threads';

// The other thread of `payload-hash.ts`: shared bytes in, their SHA-256 out, one after the other.
parentPort?.on('message', (bytes: Uint8Array) => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker is no window
  parentPort?.postMessage(createHash('sha256').update(bytes).digest('hex'));
});
