import { TemporaryError, UserError } from '../errors.ts';
import { type CallName, type Contract, contract } from './contract.ts';
import type { AnswerOf, CallOf, Endpoint, Upload } from './endpoint.ts';

type Given<Call> = { readonly [Key in keyof Call as Call[Key] extends undefined ? never : Key]: Call[Key] };

/** One function for each JSON call of the contract. */
export type Client = {
  readonly [Name in CallName]: (call: Given<CallOf<Contract[Name]>>) => Promise<AnswerOf<Contract[Name]>>;
};

/** How the client reaches a server: the address of the API (`http://host/api`), and the headers that sign it in. */
export interface ClientOptions {
  readonly baseUrl: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly fetch: typeof fetch;
}

interface Call {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: unknown;
}

/** The body with its content type: JSON, or a file that streams out. */
function bodyOf({ body, upload }: Endpoint, call: Call) {
  if (!upload) return body && { type: 'application/json', body: JSON.stringify(call.body) };
  const { type, bytes } = call.body as Upload;
  return { type, body: bytes, duplex: 'half' as const };
}

function urlOf(baseUrl: string, { path }: Endpoint, { params = {}, query = {} }: Call): string {
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params[name] ?? ''));
  const given = Object.entries(query).flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [[name, String(value)]],
  );
  const search = new URLSearchParams(given).toString();
  return `${baseUrl}${filled}${search && `?${search}`}`;
}

/** A refusal as the error that the server meant. */
async function refusalOf(answer: Response): Promise<Error> {
  const told = (await answer.json().catch(() => ({}))) as Partial<
    Record<'code' | 'detail' | 'remedy', string>
  >;
  const code = told.code ?? 'api-unavailable';
  const message = told.detail ?? `The server answered ${answer.status} ${answer.statusText}.`;
  const rest = told.remedy === undefined ? {} : { remedy: told.remedy };
  const later = answer.status === 429 || answer.status >= 500;
  return later ? new TemporaryError(code, message, rest) : new UserError(code, message, rest);
}

async function send({ baseUrl, headers, fetch }: ClientOptions, endpoint: Endpoint, call: Call) {
  const { type, ...body } = bodyOf(endpoint, call) ?? {};
  const answer = await fetch(urlOf(baseUrl, endpoint, call), {
    ...body,
    method: endpoint.method,
    // Nothing of ours lies elsewhere: whoever sends us on must not be sent the key.
    redirect: 'manual',
    headers: { ...headers, ...(type !== undefined && { 'content-type': type }) },
  });
  if (endpoint.format === 'redirect' && answer.status === endpoint.status)
    return answer.headers.get('location');
  if (!answer.ok) throw await refusalOf(answer);
  if (endpoint.format === 'csv') return answer.text();
  return answer.status === 204 ? null : answer.json();
}

/**
 * A client of the API with a function for each call, derived from the contract. Each throws UserError or TemporaryError with
 * the server's code, sentence and remedy.
 */
export function createClient(options: ClientOptions): Client {
  const calls = Object.entries(contract as Record<string, Endpoint>).map(([name, endpoint]) => [
    name,
    (call: Call) => send(options, endpoint, call),
  ]);
  return Object.fromEntries(calls) as Client;
}
