import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

/** A span as a collector reads it (opentelemetry/proto/trace/v1/trace.proto as JSON). */
export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly status: { readonly code?: number };
  /** By their keys. */
  readonly facts: Readonly<Record<string, unknown>>;
}

interface KeyValue {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}

interface Export {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly KeyValue[] };
    readonly scopeSpans: readonly {
      readonly spans: readonly (Omit<ReceivedSpan, 'facts'> & { readonly attributes: readonly KeyValue[] })[];
    }[];
  }[];
}

/** A collector on this machine. */
export interface OtlpReceiver {
  readonly url: string;
  readonly spans: readonly ReceivedSpan[];
  /** Of the last export. */
  readonly headers: Readonly<Record<string, unknown>>;
  readonly resource: Readonly<Record<string, unknown>>;
  /** All that came, as text. */
  readonly texts: readonly string[];
  /** Exports are answered with this. */
  status: number;
  /** Waits until spans have come of which this is true. */
  until(is: (spans: readonly ReceivedSpan[]) => boolean): Promise<void>;
  stop(): Promise<void>;
}

/** `{ stringValue: 'a' }` → `'a'`; whole numbers come as text or as numbers. */
const factsOf = (attributes: readonly KeyValue[]) =>
  Object.fromEntries(
    attributes.map(({ key, value }) => {
      const [[type, one] = []] = Object.entries(value);
      return [key, type === 'intValue' ? Number(one) : one];
    }),
  );

/** Starts a collector that takes JSON at `/v1/traces` and nothing else; stop it at the end. */
export async function startOtlp(): Promise<OtlpReceiver> {
  const spans: ReceivedSpan[] = [];
  const texts: string[] = [];
  const state = { status: 200, headers: {}, resource: {} };
  const take = (body: Export) => {
    texts.push(JSON.stringify(body));
    for (const { resource, scopeSpans } of body.resourceSpans) {
      state.resource = factsOf(resource.attributes);
      for (const { attributes, ...span } of scopeSpans.flatMap((scope) => scope.spans)) {
        if (!/^[0-9a-f]{32}$/.test(span.traceId) || !/^[0-9a-f]{16}$/.test(span.spanId))
          throw new Error(`no ids of a span: ${JSON.stringify(span)}`);
        spans.push({ ...span, facts: factsOf(attributes) });
      }
    }
  };
  const server = createServer((request, response) => {
    const isExport = request.method === 'POST' && request.url === '/v1/traces';
    if (!isExport || request.headers['content-type'] !== 'application/json') {
      response.writeHead(404).end();
      return;
    }
    state.headers = request.headers;
    json(request).then(
      (body) => {
        if (state.status === 200) take(body as Export);
        response.writeHead(state.status, { 'content-type': 'application/json' }).end('{}');
      },
      () => response.destroy(),
    );
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return Object.assign(state, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    texts,
    async until(is: (all: readonly ReceivedSpan[]) => boolean) {
      while (!is(spans)) await sleep(20);
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  });
}
