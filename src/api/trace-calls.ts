import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Span, Traces } from '../traces.ts';

/**
 * Tells a span for each call that a server answers, by its route and not by its address, which bears ids and queries. A caller's
 * `traceparent` is taken up. Gives what asks for the `traceparent` of a call.
 */
export function traceCalls(
  server: FastifyInstance,
  traces: Traces,
): (request: FastifyRequest) => string | undefined {
  const spans = new WeakMap<FastifyRequest, Span>();
  server.addHook('onRequest', async (request) => {
    const { method, routeOptions, headers } = request;
    const route = routeOptions.url;
    const { traceparent } = headers;
    const span = traces.begin({
      name: route === undefined ? method : `${method} ${route}`,
      kind: 'server',
      parent: typeof traceparent === 'string' ? traceparent : undefined,
      facts: { 'http.request.method': method, 'http.route': route },
    });
    spans.set(request, span);
  });
  server.addHook('onResponse', async (request, { statusCode }) => {
    const failed = statusCode >= 500 ? String(statusCode) : undefined;
    spans.get(request)?.end({ 'http.response.status_code': statusCode }, failed);
  });
  return (request) => spans.get(request)?.traceparent;
}
