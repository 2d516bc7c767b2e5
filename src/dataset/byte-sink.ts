/** Below this length a loop is faster than a call of `set` with a view of its own. */
const shortCopy = 24;

/** Bytes that grow at the end. What `view` gave is valid until `clear`. */
export class ByteSink {
  #bytes: Uint8Array;
  length = 0;

  constructor(capacity: number) {
    this.#bytes = Buffer.allocUnsafeSlow(capacity);
  }

  #reserve(more: number): void {
    const needed = this.length + more;
    if (needed <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.length));
    this.#bytes = grown;
  }

  /** Appends `source[from, to)`. */
  copy(source: Uint8Array, from: number, to: number): void {
    const count = to - from;
    if (count <= 0) return;
    this.#reserve(count);
    const bytes = this.#bytes;
    let at = this.length;
    if (count > shortCopy) bytes.set(source.subarray(from, to), at);
    else for (let i = from; i < to; i++) bytes[at++] = source[i]!;
    this.length += count;
  }

  put(source: Uint8Array): void {
    this.copy(source, 0, source.length);
  }

  /** All bytes so far. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.length);
  }

  /** Begins anew, in the same memory. */
  clear(): void {
    this.length = 0;
  }
}
