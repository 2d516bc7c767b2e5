/** Documents in the making: bytes that grow, reused from batch to batch. */
export class DocumentOutput {
  bytes = new Uint8Array(64 * 1024);
  view = new DataView(this.bytes.buffer);
  /** Bytes and documents so far. */
  length = 0;
  count = 0;
  ends = new Uint32Array(1024);
  rows = new Uint32Array(1024);
  /** Why the last row that did not fit was refused, and in which column. */
  reason = '';
  column: string | undefined;
  /** Dates whose finer digits were cut. */
  truncated = 0;

  /** Begins again, with room for that many documents. */
  begin(documents: number): void {
    this.length = 0;
    this.count = 0;
    this.truncated = 0;
    if (documents <= this.ends.length) return;
    this.ends = new Uint32Array(documents);
    this.rows = new Uint32Array(documents);
  }

  /** Makes room for `bytes` bytes in all, of which the first `used` are kept. */
  reserve(bytes: number, used: number): void {
    if (bytes <= this.bytes.length) return;
    const larger = new Uint8Array(Math.max(bytes, this.bytes.length * 2));
    larger.set(this.bytes.subarray(0, used));
    this.bytes = larger;
    this.view = new DataView(larger.buffer);
  }
}

/** Copies `bytes[from, to)` to `at`. Most cells are too short to be worth a native call. */
export function copyBytes(bytes: Uint8Array, from: number, to: number, out: Uint8Array, at: number): number {
  if (to - from > 64) out.set(bytes.subarray(from, to), at);
  else for (let i = from, j = at; i < to; i++, j++) out[j] = bytes[i]!;
  return at + to - from;
}
