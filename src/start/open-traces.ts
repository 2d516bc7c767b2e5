import type { Attributes, Context, Span as OtelSpan, SpanContext, Tracer } from '@opentelemetry/api';
import { createEgress, openPolicy } from '../egress/egress.ts';
import { createAgents } from '../egress/http.ts';
import type { Log } from '../log.ts';
import type { Span, SpanFacts, Traces } from '../traces.ts';
import type { TraceSettings } from './trace-settings.ts';

type Api = typeof import('@opentelemetry/api');

/** Milliseconds that spans have to be sent, also the last ones: so long a collector that is away holds up the end. */
const patience = 3_000;

/** Version 00 of https://www.w3.org/TR/trace-context: ids of 16 and 8 bytes, and flags of which the last bit says "recorded". */
const form = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

function contextOf(api: Api, parent: string | null | undefined): Context {
  const [, traceId = '', spanId = '', flags = ''] = form.exec(parent ?? '') ?? [];
  const traceFlags = Number.parseInt(flags, 16) & api.TraceFlags.SAMPLED;
  const context: SpanContext = { traceId, spanId, traceFlags, isRemote: true };
  if (!api.isSpanContextValid(context)) return api.ROOT_CONTEXT;
  return api.trace.setSpanContext(api.ROOT_CONTEXT, context);
}

function traceparentOf({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
}

/** A fact that is not known is left out. */
const attributesOf = (facts: SpanFacts = {}): Attributes =>
  Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined)) as Attributes;

function spanOf(api: Api, tracer: Tracer, span: OtelSpan): Span {
  const inside = api.trace.setSpan(api.ROOT_CONTEXT, span);
  return {
    traceparent: traceparentOf(span.spanContext()),
    piece(name, startTime, end) {
      tracer.startSpan(name, { startTime }, inside).end(end);
    },
    end(facts, error) {
      span.setAttributes(attributesOf({ ...facts, 'error.type': error }));
      if (error !== undefined) span.setStatus({ code: api.SpanStatusCode.ERROR });
      span.end();
    },
  };
}

/** Logs what OpenTelemetry says of itself, such as that the collector is away; gives what logs it. */
function tellTrouble({ diag, DiagLogLevel }: Api, log: Log): (message: string) => void {
  const warn = (message: string) => log.warn('Traces met a difficulty.', { message });
  const nothing = () => {};
  const logger = { error: warn, warn, info: nothing, debug: nothing, verbose: nothing };
  diag.setLogger(logger, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
  return warn;
}

/** The operator names the collector, and nobody else: the rules for what runs may reach are not for it. */
async function exporterOf({ endpoint, headers }: TraceSettings, stack: AsyncDisposableStack) {
  const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-http');
  const agents = createAgents(createEgress(openPolicy));
  stack.defer(() => {
    agents.close();
  });
  return new OTLPTraceExporter({
    url: `${endpoint}/v1/traces`,
    headers,
    timeoutMillis: patience,
    httpAgentOptions: (protocol) => (protocol === 'https:' ? agents.https : agents.http),
  });
}

/**
 * Sends spans to a collector over OTLP/HTTP, together and every few seconds; the last ones when `stack` is disposed. OpenTelemetry is
 * loaded here, and so not at all where no collector is named.
 */
export async function openTraces(
  settings: TraceSettings,
  { log, version }: { readonly log: Log; readonly version: string },
  stack: AsyncDisposableStack,
): Promise<Traces> {
  for (const secret of Object.values(settings.headers)) log.hide(secret);
  const [api, sdk, { resourceFromAttributes }, exporter] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/resources'),
    exporterOf(settings, stack),
  ]);
  const tell = tellTrouble(api, log);
  const provider = new sdk.TracerProvider({
    resource: resourceFromAttributes({ 'service.name': settings.service, 'service.version': version }),
    sampler: new sdk.ParentBasedSampler({ root: new sdk.AlwaysOnSampler() }),
    spanProcessors: [new sdk.BatchSpanProcessor({ exporter, exportTimeoutMillis: patience })],
  });
  // Spans that nobody takes any more are lost, and nothing else.
  stack.defer(() => provider.shutdown().catch((error: unknown) => tell(String(error))));
  const tracer = provider.getTracer('writeback', version);
  const kinds = { server: api.SpanKind.SERVER, consumer: api.SpanKind.CONSUMER };
  return {
    begin({ name, kind, parent, facts }) {
      const options = { kind: kinds[kind], attributes: attributesOf(facts) };
      return spanOf(api, tracer, tracer.startSpan(name, options, contextOf(api, parent)));
    },
  };
}
