import { given, givenOrInFile } from '../config.ts';
import { UserError } from '../errors.ts';

/** Where traces go. */
export interface TraceSettings {
  /** The collector's address, below which `/v1/traces` is. */
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly service: string;
}

/** Throws UserError `config-traces`, which does not repeat what may be a secret. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new UserError('config-traces', 'OTEL_EXPORTER_OTLP_HEADERS is not percent-encoded.');
  }
}

/** `name=value,…` as https://opentelemetry.io/docs/specs/otel/protocol/exporter has it. */
function headersIn(text: string): Record<string, string> {
  const pairs = text.split(',').filter((pair) => pair.includes('='));
  return Object.fromEntries(
    pairs.map((pair) => {
      const [name = '', ...value] = pair.split('=');
      return [name.trim(), decoded(value.join('=').trim())];
    }),
  );
}

/** Undefined where no collector is named. Throws UserErrors `config-traces` and `config-file`. */
export function traceSettings(): TraceSettings | undefined {
  const endpoint = given('OTEL_EXPORTER_OTLP_ENDPOINT')?.replace(/\/$/, '');
  if (endpoint === undefined) return undefined;
  if (!/^https?:$/.test(URL.parse(endpoint)?.protocol ?? ''))
    throw new UserError('config-traces', 'OTEL_EXPORTER_OTLP_ENDPOINT is no address of http or https.', {
      remedy: 'Write it as http://collector:4318.',
    });
  const headers = headersIn(givenOrInFile('OTEL_EXPORTER_OTLP_HEADERS') ?? '');
  return { endpoint, headers, service: given('OTEL_SERVICE_NAME') ?? 'writeback' };
}
