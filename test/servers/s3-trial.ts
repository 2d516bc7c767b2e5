import type { FileConnector, FileJob, OutgoingFile, TestStep } from '../../src/connector/contract.ts';
import { type Egress, createEgress } from '../../src/egress/egress.ts';
import type { Field } from '../../src/field/field.ts';
import { sdkParts } from '../../src/destination/s3-unload/sdk-parts.ts';
import { s3UnloadConnector, s3UnloadConnectorOn } from '../../src/destination/s3-unload/s3-unload.ts';
import type { S3Server } from './s3-server.ts';

/** Both ways that parts take: every suite must pass on both. */
export const ways: readonly { readonly title: string; readonly connector: FileConnector }[] = [
  { title: 'parts of our own', connector: s3UnloadConnector as FileConnector },
  { title: "the SDK's parts", connector: s3UnloadConnectorOn(sdkParts) as FileConnector },
];

/** What a trial changes of a plain run. */
export interface TrialOptions {
  readonly connector?: FileConnector;
  readonly credentials?: Record<string, unknown>;
  readonly details?: Record<string, unknown>;
  readonly signal?: AbortSignal;
  readonly egress?: Egress;
  readonly updatedAt?: string;
  readonly warnings?: string[];
}

function defaultsOf(pane: Readonly<Record<string, Field>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(pane).map(([id, field]) => [id, 'default' in field ? field.default : undefined]),
  );
}

function connectorOf({ connector }: TrialOptions): FileConnector {
  return connector ?? (s3UnloadConnector as FileConnector);
}

/** A job of the connector on this server, as the framework would make it, without files. */
export function trialJob(server: S3Server, options: TrialOptions = {}): FileJob<never, never> {
  const connector = connectorOf(options);
  const { endpoint, accessKey, secretKey, bucket, region, caCertificate } = server;
  const job = {
    credentials: {
      ...defaultsOf(connector.credentials),
      endpoint,
      accessKey,
      secretKey,
      bucket,
      region,
      caCertificate,
      ...options.credentials,
    },
    details: { ...defaultsOf(connector.details), inputDatasetId: 'd1', path: 'in', ...options.details },
    signal: options.signal ?? new AbortController().signal,
    egress: options.egress ?? createEgress(),
    log: { info() {}, warn() {}, hide() {} },
    dataset: { id: 'd1', name: 'Sales', columns: [], updatedAt: options.updatedAt ?? '2026-01-01T00:00:00Z' },
    run: { id: 'run-1', number: 1, startedAt: new Date('2026-01-02T00:00:00Z') },
    writeback: { id: 'w1', name: 'Sales', timeZone: 'UTC' },
    warn: (sentence: string) => void options.warnings?.push(sentence),
    files: nothing(),
  };
  return job as unknown as FileJob<never, never>;
}

async function* nothing(): AsyncGenerator<OutgoingFile> {}

/** One file of these chunks. */
export function fileOf(path: string, body: AsyncIterable<Uint8Array>): OutgoingFile {
  return { path, contentType: 'text/csv', body, facts: () => ({ rows: 7, bytes: 0, crc32: '00c0ffee' }) };
}

/** Writes one file through the connector. */
export async function put(
  server: S3Server,
  path: string,
  body: AsyncIterable<Uint8Array>,
  options: TrialOptions = {},
): Promise<readonly { readonly location: string }[]> {
  async function* files() {
    yield fileOf(path, body);
  }
  return connectorOf(options).write({ ...trialJob(server, options), files: files() });
}

/** `put` by another connector than the usual one. */
export function putBy(connector: FileConnector): typeof put {
  return (server, path, body, options) => put(server, path, body, { connector, ...options });
}

/** Chunks of an odd size that together are `size` bytes, of a content that shows any misplaced byte. */
export async function* noise(size: number): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < size;) yield expected(size).subarray(from, (from += 65_537));
}

const made = new Map<number, Buffer>();

/** What `noise` of this size is as a whole. */
export function expected(size: number): Buffer {
  const known = made.get(size);
  if (known) return known;
  const bytes = Buffer.alloc(size);
  for (let at = 0, state = 1; at < size; at += 1)
    bytes[at] = (state = (state * 1_103_515_245 + 12_345) & 0x7fffffff) >>> 16;
  made.set(size, bytes);
  return bytes;
}

/** The steps of a connection test. */
export async function steps(server: S3Server, options: TrialOptions = {}): Promise<TestStep[]> {
  const seen: TestStep[] = [];
  for await (const step of connectorOf(options).testConnection(trialJob(server, options))) seen.push(step);
  return seen;
}
