import { createHash } from 'node:crypto';
import { Worker } from 'node:worker_threads';

/** Hashes parts on a thread of its own, which begins with the first one that is worth it. */
export interface PayloadHasher {
  /** SHA-256 in hexadecimal. `bytes` lie in shared memory, or else are copied, and must stay as they are until the answer. */
  hash(bytes: Uint8Array): Promise<string>;
  close(): void;
}

/** Bytes. What is no longer is hashed on the caller's thread: in the 60 ms of the processor that a thread takes to begin, thirty times as many are. */
const fewBytes = 1024 * 1024;

type Waiting = ReturnType<typeof Promise.withResolvers<string>>;

/** Without types the file has another name. */
const entry = new URL(
  import.meta.url.endsWith('.ts') ? './payload-hash-worker.ts' : './payload-hash-worker.js',
  import.meta.url,
);

/**
 * SHA-256 takes as long as all else that is done to a byte together, so it is not done on the thread where bytes flow.
 * WebCrypto would hash elsewhere too, but of a copy that is made here and takes half as long as the hash itself.
 */
export function createPayloadHasher(): PayloadHasher {
  const waiting: Waiting[] = [];
  let worker: Worker | undefined;
  let broken: Error | undefined;
  const begin = () => {
    const begun = new Worker(entry);
    begun.on('message', (hash: string) => waiting.shift()?.resolve(hash));
    begun.on('error', (error: Error) => {
      broken = error;
      for (const { reject } of waiting.splice(0)) reject(error);
    });
    return begun;
  };
  return {
    async hash(bytes) {
      if (bytes.length <= fewBytes) return createHash('sha256').update(bytes).digest('hex');
      if (broken) throw broken;
      worker ??= begin();
      const answer: Waiting = Promise.withResolvers<string>();
      waiting.push(answer);
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker is no window
      worker.postMessage(bytes);
      return answer.promise;
    },
    close() {
      for (const { reject } of waiting.splice(0)) reject(new Error('The work has ended.'));
      void worker?.terminate();
    },
  };
}
