/** How a ring is made, and how its reader speaks to its writer. */
export interface BlockRingOptions {
  /** 256 KB unless told: what is copied in is still in the processor's cache when it is counted and sent. */
  readonly blockBytes?: number;
  /** Full blocks that may wait for the reader before `write` and `filled` ask for a pause; 2 unless told. */
  readonly waiting?: number;
  /** There is room again after a pause. May write at once. */
  readonly resume?: () => void;
  /** The reader left before the end; nothing more is wanted. */
  readonly abandon?: () => void;
}

type Step = IteratorResult<Uint8Array, undefined>;

interface Block {
  readonly bytes: Uint8Array;
  filled: number;
}

const blockOf = (bytes: number): Block => ({ bytes: Buffer.allocUnsafeSlow(bytes), filled: 0 });

/**
 * The way from handlers, which are called with bytes when they come, to a reader, who pulls. A few blocks go round: one is
 * filled, some wait, one is lent to the reader until the next pull. So there is no garbage, and no promise for each small chunk.
 * Only full blocks are given out, but for the last. The reader pulls one block at a time.
 */
export class BlockRing implements AsyncIterableIterator<Uint8Array, undefined> {
  readonly #blockBytes: number;
  readonly #waiting: number;
  readonly #options: BlockRingOptions;
  readonly #free: Block[] = [];
  readonly #full: Block[] = [];
  #filling: Block | undefined;
  #lent: Block | undefined;
  #paused = false;
  #state: 'open' | 'ended' | 'failed' | 'closed' = 'open';
  #error: unknown;
  #wake: (() => void) | undefined;

  constructor(options: BlockRingOptions = {}) {
    this.#blockBytes = options.blockBytes ?? 256 * 1024;
    this.#waiting = options.waiting ?? 2;
    this.#options = options;
  }

  /** Where the next bytes may be written; never empty. Tell afterwards how many there were: `filled`. */
  room(): Uint8Array {
    this.#filling ??= this.#free.pop() ?? blockOf(this.#blockBytes);
    return this.#filling.bytes.subarray(this.#filling.filled);
  }

  /** So many bytes are in what `room` gave. False: pause until `resume` is called; what comes all the same takes more memory. */
  filled(count: number): boolean {
    const block = this.#filling;
    if (block === undefined || this.#state !== 'open') return false;
    block.filled += count;
    if (block.filled === block.bytes.length) {
      this.#filling = undefined;
      this.#full.push(block);
      this.#wakeReader();
    }
    this.#paused = this.#full.length >= this.#waiting;
    return !this.#paused;
  }

  /** Copies a chunk of any size. False: as `filled`. */
  write(chunk: Uint8Array): boolean {
    let goOn = true;
    for (let offset = 0; offset < chunk.length;) {
      const room = this.room();
      const part = chunk.subarray(offset, offset + room.length);
      room.set(part);
      offset += part.length;
      goOn = this.filled(part.length);
    }
    return goOn;
  }

  /** Nothing more comes. */
  end(): void {
    this.#close('ended');
  }

  /** Nothing more comes, because of this error: the reader gets what came before, then the error. */
  fail(error: unknown): void {
    if (this.#state === 'open') this.#error = error;
    this.#close('failed');
  }

  #close(state: 'ended' | 'failed'): void {
    if (this.#state !== 'open') return;
    this.#state = state;
    if (this.#filling && this.#filling.filled > 0) this.#full.push(this.#filling);
    this.#filling = undefined;
    this.#wakeReader();
  }

  #wakeReader(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  /** The next block, valid until the next call. */
  async next(): Promise<Step> {
    this.#takeBack();
    if (this.#full.length === 0 && this.#state === 'open') {
      await new Promise<void>((wake) => (this.#wake = wake));
    }
    const block = this.#full.shift();
    if (block === undefined) return this.#last();
    this.#lent = block;
    if (this.#paused && this.#full.length < this.#waiting) {
      this.#paused = false;
      this.#options.resume?.();
    }
    return { done: false, value: block.bytes.subarray(0, block.filled) };
  }

  #takeBack(): void {
    if (this.#lent === undefined) return;
    this.#lent.filled = 0;
    this.#free.push(this.#lent);
    this.#lent = undefined;
  }

  #last(): Step {
    const { state, error } = { state: this.#state, error: this.#error };
    this.#state = 'closed';
    if (state === 'failed') throw error;
    return { done: true, value: undefined };
  }

  /** The reader leaves; a pull that waits is answered with the end. */
  async return(): Promise<Step> {
    const early = this.#state === 'open';
    this.#state = 'closed';
    this.#full.length = 0;
    this.#filling = undefined;
    this.#wakeReader();
    if (early) this.#options.abandon?.();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
