import { createGunzip } from 'node:zlib';
import type { Agent } from 'undici';
import { through } from '../../dataset/through.ts';
import { UserError } from '../../errors.ts';
import type { Egress } from '../../egress/egress.ts';
import { createDispatcher } from '../../egress/http.ts';
import { type DispatchedAnswer, dispatchRequest } from './dispatch-answer.ts';
import { download } from './download.ts';
import { explainTransport, type Operation } from './explain.ts';

/** One request to Domo. */
export interface Request {
  readonly operation: Operation;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  readonly signal: AbortSignal;
}

/** An answer whose body has not been read yet: read it with `bytes` or `text`, or `discard` it. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /**
   * Un-zipped; a chunk is valid until the next pull. Leaving the loop early closes the socket. Throws `domo-export-cut`,
   * `domo-stalled`.
   */
  readonly bytes: () => AsyncGenerator<Uint8Array>;
  /** The whole body. For small answers. */
  readonly text: () => Promise<string>;
  readonly discard: () => void;
}

/** Time limits in milliseconds. */
export interface Limits {
  /** Until the head of an answer; a big export or query is prepared for many minutes before its first byte. */
  readonly answer: number;
  /** Between two pieces of a body; waiting for us does not count. */
  readonly idle: number;
}

export const defaultLimits: Limits = { answer: 3_600_000, idle: 300_000 };

/** Sends requests to one base URL. Idle sockets do not keep the process alive. */
export interface Transport {
  ask(request: Request): Promise<HttpAnswer>;
  close(): Promise<void>;
}

function trimmed(baseUrl: string): string {
  if (URL.canParse(baseUrl) && /^https?:$/.test(new URL(baseUrl).protocol))
    return baseUrl.replace(/\/+$/, '');
  const remedy = 'Write it as https://api.domo.com.';
  throw new UserError('domo-base-url-invalid', `“${baseUrl}” is not an address.`, {
    remedy,
    field: 'baseUrl',
  });
}

/** Bytes that are unzipped at once. Of rows 1 MB, which is twice as fast as zlib's own 16 KB; of small answers not so much memory. */
const unzipped = { rows: 1024 * 1024, text: 16 * 1024 };

async function* readBody(
  { headers, body }: DispatchedAnswer,
  signal: AbortSignal,
  chunkSize: number,
): AsyncGenerator<Uint8Array> {
  const zipped = headers['content-encoding'] === 'gzip';
  try {
    yield* zipped ? through(body, createGunzip({ chunkSize })) : body;
  } catch (error) {
    signal.throwIfAborted();
    throw explainTransport(error, 'body');
  } finally {
    await body.return();
  }
}

function toAnswer(answer: DispatchedAnswer, signal: AbortSignal): HttpAnswer {
  const { status, headers, body } = answer;
  return {
    status,
    headers,
    bytes: () => readBody(answer, signal, unzipped.rows),
    async text() {
      const parts: Uint8Array[] = [];
      for await (const part of readBody(answer, signal, unzipped.text)) parts.push(Buffer.from(part));
      return Buffer.concat(parts).toString();
    },
    discard: () => void body.return(),
  };
}

/** HTTP through egress. `ask` throws told errors for a broken transport, never for a status. */
export function createTransport(baseUrl: string, egress: Egress, limits: Limits = defaultLimits): Transport {
  const base = trimmed(baseUrl);
  const { origin } = new URL(base);
  let agent: Promise<Agent> | undefined;
  const closing = new AbortController();
  const byClient = async ({ method, headers, body, signal }: Request, { pathname, search }: URL) => {
    agent ??= createDispatcher(egress, { ...times, keepAliveTimeout: 5000, pipelining: 1 });
    return dispatchRequest(
      await agent,
      { origin, path: pathname + search, method, headers, body: body ?? null },
      signal,
    );
  };
  const times = { headersTimeout: limits.answer, bodyTimeout: limits.idle };
  return {
    async ask(request) {
      const { operation, path } = request;
      // A body that nobody has begun to pull does not end by itself.
      const signal = AbortSignal.any([request.signal, closing.signal]);
      signal.throwIfAborted();
      const url = new URL(base + path);
      const headers = { 'accept-encoding': 'gzip', ...request.headers };
      try {
        // All that is small goes over connections that are kept.
        const answer = await (operation === 'export'
          ? download(egress, { url, headers, signal, limits })
          : byClient({ ...request, headers, signal }, url));
        return toAnswer(answer, signal);
      } catch (error) {
        signal.throwIfAborted();
        throw explainTransport(error, 'request');
      }
    },
    async close() {
      closing.abort();
      const open = await agent;
      agent = undefined;
      await open?.destroy();
    },
  };
}
