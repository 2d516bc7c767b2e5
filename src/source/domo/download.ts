import type { Socket } from 'node:net';
import { BlockRing } from '../../dataset/block-ring.ts';
import { asBuffer } from '../../dataset/cell-text.ts';
import type { Egress } from '../../egress/egress.ts';
import { nodeHttp } from '../../egress/node-http.ts';
import { type Framing, framingOf } from './answer-framing.ts';
import type { DispatchedAnswer } from './dispatch-answer.ts';

/** What is downloaded. */
export interface DownloadRequest {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** Milliseconds until the head of the answer, and between two pieces of its body; waiting for the reader does not count. */
  readonly limits: { readonly answer: number; readonly idle: number };
}

type Head = Pick<DispatchedAnswer, 'status'> & { readonly headers: Record<string, string> };

/** As much as a fast sender has in the socket when we come: with a quarter of it, reading takes a tenth of a run longer. */
const blockBytes = 1024 * 1024;

/** More than any server sends. */
const maxHeadBytes = 64 * 1024;

function parseHead(text: string): Head {
  const [first = '', ...lines] = text.split('\r\n');
  const [, status] = /^HTTP\/1\.[01] (\d{3})\b/.exec(first) ?? [];
  if (status === undefined) throw new Error('the answer is not HTTP/1.1');
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const [, name = '', value = ''] = /^([^\s:]+):[ \t]*(.*?)[ \t]*$/.exec(line) ?? [];
    if (name === '') throw new Error('a line of the answer’s head is no header');
    const known = headers[name.toLowerCase()];
    headers[name.toLowerCase()] = known === undefined ? value : `${known}, ${value}`;
  }
  return { status: Number(status), headers };
}

function requestText({ url, headers }: DownloadRequest): string {
  // A connection for this answer alone: it is read to its end, or it is closed.
  const all = Object.entries({ host: url.host, ...headers, connection: 'close' });
  for (const [name, value] of all) {
    nodeHttp.validateHeaderName(name);
    nodeHttp.validateHeaderValue(name, value);
  }
  const lines = all.map(([name, value]) => `${name}: ${value}\r\n`);
  return `GET ${url.pathname}${url.search} HTTP/1.1\r\n${lines.join('')}\r\n`;
}

/** The answer of one connection: the socket reads into the very blocks of the ring, and what is not body is stripped there. */
class Answer {
  readonly #request: DownloadRequest;
  readonly #answered: (answer: DispatchedAnswer) => void;
  readonly #failed: (error: unknown) => void;
  readonly #ring = new BlockRing({
    blockBytes,
    resume: () => this.#resume(),
    abandon: () => this.#close(),
  });
  #head = '';
  #framing: Framing | undefined;
  #socket: Socket | undefined;

  constructor(
    request: DownloadRequest,
    answered: (answer: DispatchedAnswer) => void,
    failed: (error: unknown) => void,
  ) {
    this.#request = request;
    this.#answered = answered;
    this.#failed = failed;
  }

  readonly onread = {
    buffer: (): Uint8Array => this.#ring.room(),
    callback: (count: number, block: Uint8Array): boolean => {
      try {
        return this.#take(block.subarray(0, count));
      } catch (error) {
        this.fail(error);
        return false;
      }
    },
  };

  readonly #abort = (): void => this.fail(this.#request.signal.reason);

  /** Sends the request over a socket that was opened with this answer's `onread`. */
  begin(socket: Socket, text: string): void {
    const { signal, limits } = this.#request;
    this.#socket = socket;
    if (signal.aborted) return this.#abort();
    signal.addEventListener('abort', this.#abort, { once: true });
    const silent = () => this.fail(Object.assign(new Error('nothing came'), { code: 'ETIMEDOUT' }));
    socket
      .on('error', (error) => this.fail(error))
      .on('end', () => this.#atEnd())
      .on('close', () => this.#atEnd())
      .on('timeout', silent)
      .setTimeout(limits.answer)
      .write(text, 'latin1');
  }

  fail(error: unknown): void {
    this.#ring.fail(error);
    this.#failed(error);
    this.#close();
  }

  #close(): void {
    this.#request.signal.removeEventListener('abort', this.#abort);
    this.#socket?.destroy();
  }

  #resume(): void {
    this.#socket?.setTimeout(this.#request.limits.idle).resume();
  }

  #atEnd(): void {
    if (this.#framing?.untilClose !== true) return this.fail(new Error('the connection was closed'));
    this.#ring.end();
    this.#close();
  }

  #take(bytes: Uint8Array): boolean {
    const body = this.#framing ? bytes : this.#takeHead(bytes);
    if (this.#framing === undefined) return true;
    const goOn = this.#ring.filled(this.#framing.strip(body));
    if (this.#framing.whole) {
      this.#ring.end();
      this.#close();
    }
    // A reader who takes his time is no silence of the server's.
    if (!goOn) this.#socket?.setTimeout(0);
    return goOn;
  }

  /** Gathers the head; what comes behind it is moved to the front. */
  #takeHead(bytes: Uint8Array): Uint8Array {
    const before = this.#head.length;
    this.#head += asBuffer(bytes).toString('latin1');
    const end = this.#head.indexOf('\r\n\r\n');
    if (end < 0 && this.#head.length > maxHeadBytes) throw new Error('the answer’s head is too long');
    if (end < 0) return bytes.subarray(0, 0);
    bytes.copyWithin(0, end + 4 - before);
    const rest = bytes.subarray(0, this.#head.length - end - 4);
    const { status, headers } = parseHead(this.#head.slice(0, end));
    this.#head = '';
    // 100 and its like come before the answer.
    if (status < 200) return this.#takeHead(rest);
    this.#framing = framingOf(status, headers);
    this.#socket?.setTimeout(this.#request.limits.idle);
    this.#answered({ status, headers, body: this.#ring });
    return rest;
  }
}

/**
 * Asks for something large over a connection of its own. Its bytes are read straight into the ring's blocks: an HTTP client gives
 * each 64 KB in memory of their own, and to collect that takes longer than to receive them. Throws egress's told errors, those of
 * the socket, ETIMEDOUT for a silent server, and the signal's reason.
 */
export function download(egress: Egress, request: DownloadRequest): Promise<DispatchedAnswer> {
  const { url, signal } = request;
  const secure = url.protocol === 'https:';
  return new Promise((answered, failed) => {
    const text = requestText(request);
    const answer = new Answer(request, answered, failed);
    const port = Number(url.port) || (secure ? 443 : 80);
    const place = { host: url.hostname, port, signal, onread: answer.onread };
    (secure ? egress.connectTls(place) : egress.connect(place)).then(
      (socket) => answer.begin(socket, text),
      failed,
    );
  });
}
