import type { ClientRequest, IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { text } from 'node:stream/consumers';
import type { Agents } from '../../egress/http.ts';
import { nodeHttp } from '../../egress/node-http.ts';

/** What is put where. */
export interface PutRequest {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly agents: Agents;
  readonly signal: AbortSignal;
  /** Milliseconds that the server may take nothing, and that its answer may take after the last byte. */
  readonly patience: number;
}

/** The server's answer. `whole`: it came after the last byte, and not in the midst of them. */
export interface PutAnswer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly text: string;
  readonly whole: boolean;
}

function open({ url, headers, agents, signal }: PutRequest): ClientRequest {
  const secure = url.protocol === 'https:';
  const agent = secure ? agents.https : agents.http;
  return (secure ? httpsRequest : nodeHttp.request)(url, { method: 'PUT', headers, agent, signal });
}

/**
 * Waits for the call that `begin` is given, or until there is an answer or an end of the connection; never longer than
 * `patience`. Listeners of its own, because a promise that lives as long as the upload would collect what waits for it.
 */
async function until(
  request: ClientRequest,
  patience: number,
  begin: (done: () => void) => void,
): Promise<void> {
  const giveUp = () => request.destroy(Object.assign(new Error('no sign of life'), { code: 'ETIMEDOUT' }));
  const timer = setTimeout(giveUp, patience);
  try {
    await new Promise<void>((done) => {
      request.once('response', done).once('close', done);
      begin(() => {
        request.off('response', done).off('close', done);
        done();
      });
    });
  } finally {
    clearTimeout(timer);
  }
}

/** Each chunk is out before the next is pulled. False when the server ended it before the last byte. */
async function send(
  request: ClientRequest,
  body: AsyncIterable<Uint8Array>,
  patience: number,
  isOver: () => boolean,
): Promise<boolean> {
  for await (const chunk of body) {
    if (isOver()) return false;
    await until(request, patience, (done) => request.write(chunk, done));
  }
  if (isOver()) return false;
  request.end();
  return true;
}

/**
 * Sends a body with PUT, in chunks, over HTTP/1.1. What the body throws breaks the request off and comes out unchanged; throws
 * the HTTP client's own errors besides. An answer that comes early ends the sending.
 */
export async function putBody(put: PutRequest, body: AsyncIterable<Uint8Array>): Promise<PutAnswer> {
  const request = open(put);
  let response: IncomingMessage | undefined;
  let failure: unknown;
  request.on('response', (answer) => (response = answer)).on('error', (error) => (failure = error));
  const isOver = () => response !== undefined || request.destroyed;
  try {
    const whole = await send(request, body, put.patience, isOver);
    if (!isOver()) await until(request, put.patience, () => {});
    if (response === undefined) throw failure ?? new Error('The connection was closed without an answer.');
    const { statusCode = 0, headers } = response;
    return { status: statusCode, retryAfter: headers['retry-after'], text: await text(response), whole };
  } finally {
    request.destroy();
  }
}
