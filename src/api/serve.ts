import { Readable } from 'node:stream';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { AnswerOf, CallOf, Endpoint, Upload } from '../contract/endpoint.ts';
import type { Log } from '../log.ts';
import type { Traces } from '../traces.ts';
import { explainStoreError } from '../store/explain-store-error.ts';
import { type Caller, callerMay } from './caller.ts';
import { checkerOf, cleanerOf } from './check-call.ts';
import { sendPage } from './page/page.ts';
import { isReader, problemPage } from './page/problem-page.ts';
import { Refusal, problemOf } from './problem.ts';
import { type Once, onceKeyOf } from './once.ts';
import { contentTypeOf, refuseOtherSites } from './same-site.ts';
import { sendLines } from './send-lines.ts';
import { traceCalls } from './trace-calls.ts';
import type { TryLimit } from './try-limit.ts';

/** What a handler is told beside the call. */
export interface CallContext {
  /** There is one wherever the permission is not `anyone`. */
  readonly caller: Caller | undefined;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  /** Comes when whoever called has gone; and, to an answer that would never end, when the server stops. */
  readonly signal: AbortSignal;
  /** Of the call's span, for what goes on after it; only where traces are told. */
  readonly traceparent?: string | undefined;
}

/** Answers one endpoint: one of format `lines` with an async iterable of events, one of format `csv` with pieces of text. */
export type Handler<E extends Endpoint> = (
  call: CallOf<E>,
  context: CallContext,
) => Promise<
  E extends { format: 'lines' }
    ? AsyncIterable<AnswerOf<E>>
    : E extends { format: 'csv' }
      ? AsyncIterable<string>
      : AnswerOf<E>
>;

export type Handlers<Contract extends Readonly<Record<string, Endpoint>>> = {
  readonly [Name in keyof Contract]: Handler<Contract[Name]>;
};

/** What a server is made of. */
export interface ServeOptions<Contract extends Readonly<Record<string, Endpoint>>> {
  readonly contract: Contract;
  readonly handlers: Handlers<Contract>;
  /** Who sent the request, by cookie or key; undefined for nobody. */
  readonly identify: (request: FastifyRequest) => Promise<Caller | undefined>;
  readonly log: Log;
  /** Calls of each API key; they are not limited without it. */
  readonly keyLimit?: TryLimit | undefined;
  /** Does a call with an `Idempotency-Key` once; without it such calls are done each time. */
  readonly once?: Once | undefined;
  readonly traces?: Traces | undefined;
  /** Addresses and ranges whose `X-Forwarded-For` says who calls; nobody's unless told. */
  readonly proxies?: readonly string[];
}

/** Nothing that is served may be framed, guessed at, or kept by a cache on the way. */
const headers = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
};

/** Fastify checks and writes nothing by schemas here; left alone it would load two compilers for it at every start. */
const noCompiler = () => () => {
  throw new Error("A route has a schema of Fastify's; schemas stand in the contract.");
};
const schemaController = {
  compilersFactory: { buildValidator: noCompiler, buildSerializer: noCompiler },
};

/** A call's body; files have ways of their own. */
const bodyLimit = 1024 * 1024;

function refuse(caller: Caller | undefined): never {
  if (caller === undefined) throw new Refusal(401, 'api-not-signed-in', 'Sign in, or send an API key.');
  throw new Refusal(403, 'api-not-allowed', 'Your role, or this API key, does not allow this.');
}

/** Comes when the one who called has gone. */
function goneSignal(reply: FastifyReply): AbortSignal {
  const gone = new AbortController();
  reply.raw.once('close', () => gone.abort());
  return gone.signal;
}

/** What all routes of a server share. */
interface Serving extends Pick<ServeOptions<{}>, 'identify' | 'keyLimit' | 'once'> {
  readonly stopping: AbortSignal;
  readonly traceparentOf: (request: FastifyRequest) => string | undefined;
}

/**
 * The file that a call brings. It is not read before somebody pulls. Who stops pulling does not end the connection: the answer
 * that says why has still to go over it.
 */
function uploadOf({ headers, body }: FastifyRequest): Upload {
  if (!(body instanceof Readable)) throw new Refusal(415, 'api-content-type', 'The body must be a file.');
  const bytes = { [Symbol.asyncIterator]: () => body.iterator({ destroyOnReturn: false }) };
  return { type: contentTypeOf(headers['content-type']), bytes };
}

async function send(
  answer: unknown,
  { format, status = 200 }: Endpoint,
  reply: FastifyReply,
  clean: (value: unknown) => unknown,
): Promise<unknown> {
  if (format === 'lines') return sendLines(reply, answer as AsyncIterable<{ id?: number }>, clean);
  if (format === 'csv')
    return reply.type('text/csv; charset=utf-8').send(Readable.from(answer as AsyncIterable<string>));
  if (format === 'redirect') return reply.redirect(answer as string, status);
  reply.code(status);
  return status === 204 ? reply.send() : clean(answer);
}

function routeOf(endpoint: Endpoint, handler: Handler<Endpoint>, serving: Serving) {
  const { permission, upload, format } = endpoint;
  const check = checkerOf(endpoint);
  const clean = cleanerOf(endpoint);
  return async (request: FastifyRequest, reply: FastifyReply) => {
    refuseOtherSites(request, upload);
    const caller = await serving.identify(request);
    if (caller?.key) serving.keyLimit?.count(caller.key.id);
    if (!callerMay(caller, permission)) refuse(caller);
    const { params, query, body } = request;
    const checked = check({ params, query, body: upload ? undefined : body });
    const call = { ...checked, ...(upload && { body: uploadOf(request) }) } as CallOf<Endpoint>;
    const gone = goneSignal(reply);
    const signal = format === 'lines' ? AbortSignal.any([gone, serving.stopping]) : gone;
    const traceparent = serving.traceparentOf(request);
    const work = async () => handler(call, { caller, request, reply, signal, traceparent });
    const key =
      endpoint.idempotent && caller && serving.once ? onceKeyOf(request, caller, endpoint.status) : undefined;
    const answer: unknown = key ? await serving.once!(key, async () => clean(await work())) : await work();
    return send(answer, endpoint, reply, clean);
  };
}

function logUnexpected(log: Log, { method, routeOptions }: FastifyRequest, error: unknown): void {
  const stack = error instanceof Error ? error.stack : String(error);
  log.warn('A call failed unexpectedly.', { method, route: routeOptions.url, stack });
}

/** Answers a call with what went wrong. */
const problemTeller =
  (log: Log) =>
  (error: unknown, request: FastifyRequest, reply: FastifyReply): void => {
    const problem = problemOf(explainStoreError(error));
    if (problem.status === 500) logUnexpected(log, request, error);
    if (error instanceof Refusal) reply.headers(error.headers);
    if (isReader(request)) return void sendPage(reply, problem.status, problemPage(problem, request));
    reply.code(problem.status).type('application/problem+json').send(JSON.stringify(problem));
  };

/** Bodies of these types are handed on unread; which call takes which is its own affair. */
function streamUploads(server: FastifyInstance, endpoints: readonly Endpoint[]): void {
  const types = new Set(endpoints.flatMap(({ upload = [] }) => upload));
  if (types.size > 0)
    server.addContentTypeParser([...types], (_request, payload, done) => done(null, payload));
}

/** A Fastify server for a contract. It does not listen yet. Throws when a handler is missing or an endpoint has no permission. */
export function serve<Contract extends Readonly<Record<string, Endpoint>>>({
  contract,
  handlers,
  log,
  traces,
  proxies = [],
  ...rest
}: ServeOptions<Contract>): FastifyInstance {
  const tell = problemTeller(log);
  // What Fastify refuses before it has found a route, such as an address that is none, is told in the same way.
  const server = Fastify({
    bodyLimit,
    trustProxy: proxies.length > 0 && [...proxies],
    logger: false,
    frameworkErrors: tell,
    schemaController,
  });
  server.setErrorHandler(tell);
  server.setNotFoundHandler(() => {
    throw new Refusal(404, 'api-not-found', 'There is no such call.');
  });
  const traceparentOf = traces ? traceCalls(server, traces) : () => undefined;
  const stopping = new AbortController();
  server.addHook('preClose', async () => stopping.abort());
  server.addHook('onRequest', async (_, reply) => void reply.headers(headers));
  streamUploads(server, Object.values(contract));
  for (const [name, endpoint] of Object.entries(contract)) {
    const handler = handlers[name];
    if (handler === undefined || endpoint.permission === undefined)
      throw new Error(`The call "${name}" has no handler or no permission; the server does not start.`);
    const url = `/api${endpoint.path.replaceAll(/\{(\w+)\}/g, ':$1')}`;
    const route = routeOf(endpoint, handler, { ...rest, traceparentOf, stopping: stopping.signal });
    server.route({ method: endpoint.method, url, handler: route });
  }
  return server;
}
