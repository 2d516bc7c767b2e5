import type { Egress } from '../../egress/egress.ts';
import type { Log } from '../../log.ts';
import { explainAnswer, isHtml } from './explain.ts';
import { createTokens, type DomoClient, type Identity, type Tokens } from './tokens.ts';
import { createTransport, type HttpAnswer, type Limits, type Request, type Transport } from './transport.ts';

/** Domo's public API, signed in. */
export interface DomoApi {
  /** Sends a request with a token; a refused token (401, or 406 where CSV was asked) is renewed once. Throws told errors for every bad answer. */
  ask(request: Omit<Request, 'headers'> & { accept?: string; contentType?: string }): Promise<HttpAnswer>;
  /** The same, for a JSON answer that fits into memory. */
  json(request: Omit<Request, 'headers'>): Promise<unknown>;
  identity(signal: AbortSignal): Promise<Identity>;
  close(): Promise<void>;
}

// An error body is told in a sentence: more of it is not kept.
async function begin(answer: HttpAnswer): Promise<string> {
  let text = '';
  try {
    for await (const bytes of answer.bytes()) {
      text += Buffer.from(bytes).toString();
      if (text.length > 8192) break;
    }
  } catch {
    // The status has told enough.
  }
  return text;
}

function createAsk(transport: Transport, tokens: Tokens): DomoApi['ask'] {
  return async ({ accept = 'application/json', contentType = 'application/json', ...request }) => {
    const type = request.body === undefined ? {} : { 'content-type': contentType };
    const send = (token: string) =>
      transport.ask({ ...request, headers: { accept, ...type, authorization: `bearer ${token}` } });
    const token = await tokens.get(request.signal);
    let answer = await send(token.text);
    // Domo cannot say 401 in CSV: an expired token then gets 406 with a page.
    if (answer.status === 401 || (answer.status === 406 && accept === 'text/csv')) {
      answer.discard();
      answer = await send((await tokens.get(request.signal, token)).text);
    }
    const { status, headers } = answer;
    if (status >= 200 && status < 300 && !isHtml(headers)) return answer;
    const text = await begin(answer);
    request.signal.throwIfAborted();
    throw explainAnswer({ operation: request.operation, status, headers, text });
  };
}

/** Signs in at the first request and again when a token is refused. */
export function createApi(
  client: DomoClient & { baseUrl: string },
  work: { egress: Egress; log: Log },
  limits?: Limits,
): DomoApi {
  const transport = createTransport(client.baseUrl, work.egress, limits);
  const tokens = createTokens(client, transport, work.log);
  const ask = createAsk(transport, tokens);
  return {
    ask,
    async json(request) {
      const { status, headers, text } = await ask(request);
      const body = await text();
      try {
        return JSON.parse(body) as unknown;
      } catch {
        throw explainAnswer({ operation: request.operation, status, headers, text: body });
      }
    },
    identity: (signal) => tokens.get(signal),
    close: () => transport.close(),
  };
}
