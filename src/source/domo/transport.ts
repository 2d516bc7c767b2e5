import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { Agent } from 'undici';
import { UserError } from '../../errors.ts';
import type { Egress } from '../../egress/egress.ts';
import { createDispatcher } from '../../egress/http.ts';
import { explainTransport, type Operation } from './explain.ts';

/** One request to Domo. */
export interface Request {
  readonly operation: Operation;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  readonly signal: AbortSignal;
}

/** An answer whose body has not been read yet: read it with `bytes` or `text`, or `discard` it. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Un-zipped. Leaving the loop early closes the socket. Throws `domo-export-cut`, `domo-stalled`. */
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

function originOf(baseUrl: string): string {
  if (URL.canParse(baseUrl) && /^https?:$/.test(new URL(baseUrl).protocol))
    return baseUrl.replace(/\/+$/, '');
  const remedy = 'Write it as https://api.domo.com.';
  throw new UserError('domo-base-url-invalid', `“${baseUrl}” is not an address.`, {
    remedy,
    field: 'baseUrl',
  });
}

async function* readBody(body: Readable, zipped: boolean, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  // Errors of either stream reach the loop below, through gunzip when there is one.
  const stream = zipped ? pipeline(body, createGunzip({ chunkSize: 1 << 20 }), () => {}) : body;
  try {
    for await (const bytes of stream) yield bytes as Uint8Array;
  } catch (error) {
    signal.throwIfAborted();
    throw explainTransport(error, 'body');
  } finally {
    stream.destroy();
    body.on('error', () => {}).destroy();
  }
}

function toAnswer(
  status: number,
  headers: HttpAnswer['headers'],
  body: Readable,
  signal: AbortSignal,
): HttpAnswer {
  const bytes = () => readBody(body, headers['content-encoding'] === 'gzip', signal);
  return {
    status,
    headers,
    bytes,
    async text() {
      const parts: Uint8Array[] = [];
      for await (const part of bytes()) parts.push(part);
      return Buffer.concat(parts).toString();
    },
    discard: () => void body.on('error', () => {}).destroy(),
  };
}

/** HTTP through egress. `ask` throws told errors for a broken transport, never for a status. */
export function createTransport(baseUrl: string, egress: Egress, limits: Limits = defaultLimits): Transport {
  const origin = originOf(baseUrl);
  let agent: Agent | undefined;
  const times = { headersTimeout: limits.answer, bodyTimeout: limits.idle };
  return {
    async ask({ method, path, headers, body = null, signal }) {
      signal.throwIfAborted();
      agent ??= createDispatcher(egress, { ...times, keepAliveTimeout: 5000, pipelining: 1 });
      const { request } = await import('undici');
      try {
        const all = { 'accept-encoding': 'gzip', ...headers };
        const answer = await request(origin + path, {
          method,
          headers: all,
          body,
          signal,
          dispatcher: agent,
        });
        return toAnswer(answer.statusCode, answer.headers, answer.body, signal);
      } catch (error) {
        signal.throwIfAborted();
        throw explainTransport(error, 'request');
      }
    },
    async close() {
      await agent?.destroy();
      agent = undefined;
    },
  };
}
