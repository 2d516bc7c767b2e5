/** How a request's body is framed. */
export interface Framing {
  readonly chunked: boolean;
  /** Of a body that is not chunked. */
  readonly length: number;
}

/** Takes bytes until the body is complete; `take` returns how many of them belong to it. */
export interface BodyReader {
  readonly complete: boolean;
  take(bytes: Buffer): number;
}

/** A body of a stated length. */
function sizedBody(length: number, onData: (bytes: Buffer) => void): BodyReader {
  let left = length;
  return {
    get complete() {
      return left === 0;
    },
    take(bytes) {
      const taken = Math.min(left, bytes.length);
      left -= taken;
      if (taken > 0) onData(bytes.subarray(0, taken));
      return taken;
    },
  };
}

/** A chunked body (RFC 9112, 7.1): lines with a length in hexadecimal, data, an empty line; no trailers. */
function chunkedBody(onData: (bytes: Buffer) => void): BodyReader {
  let line = '';
  let left = 0;
  let last = false;
  let complete = false;

  function readLine(bytes: Buffer, from: number): number {
    const end = bytes.indexOf(10, from);
    line += bytes.toString('latin1', from, end < 0 ? bytes.length : end);
    if (end < 0) return bytes.length;
    const text = line.trimEnd();
    line = '';
    if (last) complete = text === '';
    else if (text !== '') {
      left = Number.parseInt(text, 16);
      last = left === 0;
    }
    return end + 1;
  }

  return {
    get complete() {
      return complete;
    },
    take(bytes) {
      let at = 0;
      while (at < bytes.length && !complete) {
        if (left === 0) at = readLine(bytes, at);
        else {
          const taken = Math.min(left, bytes.length - at);
          onData(bytes.subarray(at, at + taken));
          left -= taken;
          at += taken;
        }
      }
      return at;
    },
  };
}

/** Reads one body; its bytes are good until the call returns. */
export function readBody({ chunked, length }: Framing, onData: (bytes: Buffer) => void): BodyReader {
  return chunked ? chunkedBody(onData) : sizedBody(length, onData);
}
