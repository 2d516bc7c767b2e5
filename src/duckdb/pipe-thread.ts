import { on } from 'node:events';
import { Worker } from 'node:worker_threads';

/** A piece of memory that goes to and fro between two threads without being copied. */
export interface Block {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly filled: number;
}

/** What a thread does at which end of a pipe. */
export interface PipeWork {
  readonly fd: number;
  readonly way: 'read' | 'write';
}

const blockBytes = 1024 * 1024;

/** Without types the file has another name. */
const entry = new URL(
  import.meta.url.endsWith('.ts') ? './pipe-worker.ts' : './pipe-worker.js',
  import.meta.url,
);

/** A block of 1 MB. */
export const emptyBlock = (): Block => ({ bytes: new Uint8Array(blockBytes), filled: 0 });

/**
 * One end of a pipe, in a thread where blocks are filled or emptied one after another. A pipe holds 64 KB: without a few blocks
 * beside it its two sides would take turns, one of them always waiting for the other.
 */
export class PipeThread {
  readonly #worker: Worker;
  readonly #messages: AsyncIterator<unknown[], undefined>;
  readonly #closed: Promise<void>;
  #error: unknown;

  /** The end `fd` belongs to the thread from now on, which closes it however it ends. */
  constructor(work: PipeWork, signal?: AbortSignal) {
    // The socket in it closes the number; a thread that kept account of numbers would do so again, when it may be another's.
    this.#worker = new Worker(entry, { workerData: work, trackUnmanagedFds: false });
    this.#messages = on(this.#worker, 'message', { close: ['exit'], ...(signal && { signal }) });
    this.#closed = new Promise((resolve) => {
      this.#worker.once('exit', () => resolve());
    });
    this.#worker.on('error', (error) => void (this.#error = error));
  }

  /** Hands over a block, which is no longer ours. */
  give(block: Block): void {
    this.#worker.postMessage(block, [block.bytes.buffer]);
  }

  /** The next block that is done; undefined when the thread has ended. Throws what broke the thread. */
  async take(): Promise<Block | undefined> {
    const { value, done } = await this.#messages.next();
    return done ? undefined : (value[0] as Block);
  }

  /** What broke the thread: then blocks that it was given are lost. */
  get error(): unknown {
    return this.#error;
  }

  /** Ends the thread as soon as it has done the blocks that it was given, and closes its end of the pipe. */
  async close(): Promise<void> {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker is no window
    this.#worker.postMessage(undefined);
    await this.#closed;
  }
}
