import { asBuffer } from '../../dataset/cell-text.ts';

/** How the body of an answer lies in the bytes of its connection (RFC 9112, 6). */
export interface Framing {
  /** Moves what is body of `bytes` to their front and answers how much that is. Throws where the framing is broken. */
  strip(bytes: Uint8Array): number;
  /** The end of the body has been seen; what comes after belongs to nobody. */
  readonly whole: boolean;
  /** The end of the connection is the end of the body. */
  readonly untilClose: boolean;
}

function sized(length: number): Framing {
  let left = length;
  return {
    untilClose: false,
    get whole() {
      return left === 0;
    },
    strip(bytes) {
      const taken = Math.min(left, bytes.length);
      left -= taken;
      return taken;
    },
  };
}

/** No line between chunks is longer, but for extensions, which nobody sends. */
const maxLineBytes = 4096;

/** Reads the lines between chunks; answers the length of the chunk that follows, 0 after those that begin none. */
function createChunkLines() {
  let expected: 'size' | 'end of chunk' | 'trailer' = 'size';
  const read = (line: string): number => {
    if (expected === 'trailer') {
      lines.whole = line === '';
      return 0;
    }
    if (expected === 'end of chunk' && line === '') {
      expected = 'size';
      return 0;
    }
    const [, digits] = /^([\da-f]{1,12})\s*(;|$)/i.exec(line) ?? [];
    if (expected !== 'size' || digits === undefined) throw new Error('a chunk begins without its length');
    const length = Number.parseInt(digits, 16);
    expected = length === 0 ? 'trailer' : 'end of chunk';
    return length;
  };
  const lines = { read, whole: false };
  return lines;
}

const lineFeed = 0x0a;

function chunked(): Framing {
  const lines = createChunkLines();
  let left = 0;
  let line = '';
  const readLine = (bytes: Uint8Array, from: number): number => {
    const end = bytes.indexOf(lineFeed, from);
    const to = end < 0 ? bytes.length : end;
    line += asBuffer(bytes.subarray(from, Math.min(to, from + maxLineBytes))).toString('latin1');
    if (line.length >= maxLineBytes) throw new Error('a line between two chunks is too long');
    if (end < 0) return to;
    left = lines.read(line.replace(/\r$/, ''));
    line = '';
    return end + 1;
  };
  return {
    untilClose: false,
    get whole() {
      return lines.whole;
    },
    strip(bytes) {
      let kept = 0;
      for (let at = 0; at < bytes.length && !lines.whole;) {
        if (left === 0) {
          at = readLine(bytes, at);
          continue;
        }
        const taken = Math.min(left, bytes.length - at);
        bytes.copyWithin(kept, at, at + taken);
        left -= taken;
        at += taken;
        kept += taken;
      }
      return kept;
    },
  };
}

const untilClose: Framing = { untilClose: true, whole: false, strip: (bytes) => bytes.length };

/** The framing that an answer's head tells (RFC 9112, 6.3). Throws when it is one that we did not allow or cannot read. */
export function framingOf(status: number, headers: Readonly<Record<string, string | undefined>>): Framing {
  const { 'transfer-encoding': transfer, 'content-length': length } = headers;
  if (status === 204 || status === 304) return sized(0);
  if (transfer?.toLowerCase() === 'chunked') return chunked();
  if (transfer !== undefined) throw new Error(`a body in the transfer encoding ${transfer}`);
  if (length === undefined) return untilClose;
  if (!/^\d{1,15}$/.test(length)) throw new Error(`a body of the length ${length}`);
  return sized(Number(length));
}
