import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { AnswerOf, CallOf, Endpoint } from '../contract/endpoint.ts';
import type { Log } from '../log.ts';
import { type Caller, callerMay } from './caller.ts';
import { checkerOf, cleanerOf } from './check-call.ts';
import { Refusal, problemOf } from './problem.ts';
import { refuseOtherSites } from './same-site.ts';
import { sendLines } from './send-lines.ts';

/** What a handler is told beside the call. */
export interface CallContext {
  /** There is one wherever the permission is not `anyone`. */
  readonly caller: Caller | undefined;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly signal: AbortSignal;
}

/** Answers one endpoint. One of format `lines` answers an async iterable of events. */
export type Handler<E extends Endpoint> = (
  call: CallOf<E>,
  context: CallContext,
) => Promise<E extends { format: 'lines' } ? AsyncIterable<AnswerOf<E>> : AnswerOf<E>>;

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
}

/** Nothing that is served may be framed, guessed at, or kept by a cache on the way. */
const headers = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
};

/** A call's body; files have ways of their own. */
const bodyLimit = 1024 * 1024;

function refuse(caller: Caller | undefined): never {
  if (caller === undefined) throw new Refusal(401, 'api-not-signed-in', 'Sign in, or send an API key.');
  throw new Refusal(403, 'api-not-allowed', 'Your role, or this API key, does not allow this.');
}

/** Ends when the one who called has gone. */
function signalOf(reply: FastifyReply): AbortSignal {
  const gone = new AbortController();
  reply.raw.once('close', () => gone.abort());
  return gone.signal;
}

function routeOf(endpoint: Endpoint, handler: Handler<Endpoint>, identify: ServeOptions<{}>['identify']) {
  const check = checkerOf(endpoint);
  const clean = cleanerOf(endpoint);
  return async (request: FastifyRequest, reply: FastifyReply) => {
    refuseOtherSites(request);
    const caller = await identify(request);
    if (!callerMay(caller, endpoint.permission)) refuse(caller);
    const { params, query, body } = request;
    const call = check({ params, query, body }) as CallOf<Endpoint>;
    const answer: unknown = await handler(call, { caller, request, reply, signal: signalOf(reply) });
    if (endpoint.format === 'lines') return sendLines(reply, answer as AsyncIterable<{ id?: number }>, clean);
    reply.code(endpoint.status ?? 200);
    return endpoint.status === 204 ? reply.send() : clean(answer);
  };
}

function logUnexpected(log: Log, { method, routeOptions }: FastifyRequest, error: unknown): void {
  const stack = error instanceof Error ? error.stack : String(error);
  log.warn('A call failed unexpectedly.', { method, route: routeOptions.url, stack });
}

function tellProblems(server: FastifyInstance, log: Log): void {
  server.setErrorHandler((error, request, reply) => {
    const problem = problemOf(error);
    if (problem.status === 500) logUnexpected(log, request, error);
    if (error instanceof Refusal) reply.headers(error.headers);
    return reply.code(problem.status).type('application/problem+json').send(JSON.stringify(problem));
  });
  server.setNotFoundHandler(() => {
    throw new Refusal(404, 'api-not-found', 'There is no such call.');
  });
}

/** A Fastify server for a contract. It does not listen yet. Throws when a handler is missing or an endpoint has no permission. */
export function serve<Contract extends Readonly<Record<string, Endpoint>>>({
  contract,
  handlers,
  identify,
  log,
}: ServeOptions<Contract>): FastifyInstance {
  const server = Fastify({ bodyLimit, trustProxy: false, logger: false });
  server.addHook('onRequest', async (_, reply) => void reply.headers(headers));
  tellProblems(server, log);
  for (const [name, endpoint] of Object.entries(contract)) {
    const handler = handlers[name];
    if (handler === undefined || endpoint.permission === undefined)
      throw new Error(`The call "${name}" has no handler or no permission; the server does not start.`);
    const url = `/api${endpoint.path.replaceAll(/\{(\w+)\}/g, ':$1')}`;
    server.route({ method: endpoint.method, url, handler: routeOf(endpoint, handler, identify) });
  }
  return server;
}
