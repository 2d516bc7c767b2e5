import type { S3, S3ClientConfig } from '@aws-sdk/client-s3';
import type { NodeHttpHandler } from '@smithy/node-http-handler';
import type { ConnectionWork } from '../../connector/contract.ts';
import { type Agents, createAgents } from '../../egress/http.ts';
import type { Fields } from '../../field/field.ts';
import { credentialsOf } from './aws-credentials.ts';
import type { S3Credentials } from './credentials-fields.ts';
import type { PartMover, PartTransport } from './part-transport.ts';

/** A bucket that can be spoken to. */
export interface OpenStore {
  readonly s3: S3;
  readonly bucket: string;
  /** The connections of both the SDK and our own requests. */
  readonly agents: Agents;
  /** True with an endpoint: a store that is not Amazon's, which wants parts of equal length. */
  readonly compatible: boolean;
  /** True over TLS. */
  readonly secure: boolean;
  /** CRC-32 of parts and objects is declared, sent and so verified by the store. */
  readonly crc32: boolean;
  /** Ends all work but the clean-up. */
  readonly signal: AbortSignal;
}

/** The same, with the way that parts take. */
export type Store = OpenStore & PartMover;

/** What a store is opened with. */
export type StoreWork = Pick<ConnectionWork<Fields, Fields>, 'egress' | 'signal'> & {
  readonly credentials: S3Credentials;
};

/** Milliseconds: a request as a whole (a 64 MiB part over a slow line), and the silence after which a socket is given up. */
const requestTimeout = 600_000;
export const socketTimeout = 60_000;

/** Whose certificates are trusted: those that everybody trusts, or the one that was given. */
export function tlsOf({ caCertificate }: S3Credentials): { ca?: string } {
  return caCertificate === undefined ? {} : { ca: caCertificate };
}

function wantsCrc32({ checksums, endpoint }: S3Credentials): boolean {
  return checksums === 'crc32' || (checksums === 'automatic' && endpoint === undefined);
}

function clientConfig(credentials: S3Credentials): S3ClientConfig {
  const { endpoint, region, pathStyle } = credentials;
  return {
    region,
    maxAttempts: 3,
    followRegionRedirects: false,
    // Otherwise the SDK asks "Expect: 100-continue" for each part and then closes the connection: a new one per part.
    expectContinueHeader: false,
    // We compute the checksums that we declare; those that the SDK would add break older stores (411, 501).
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: pathStyle }),
  };
}

async function handlerOf(agents: Agents): Promise<NodeHttpHandler> {
  const { NodeHttpHandler: Handler } = await import('@smithy/node-http-handler');
  return new Handler({
    httpAgent: agents.http,
    httpsAgent: agents.https,
    requestTimeout,
    socketTimeout,
    // Without it a request that takes too long only prints a warning.
    throwOnRequestTimeout: true,
  });
}

/** A store and what closes it. Most want `withStore`. */
export async function openStore(
  work: StoreWork,
  transport: PartTransport,
): Promise<Store & { close(): void }> {
  const { credentials, egress, signal } = work;
  const { S3 } = await import('@aws-sdk/client-s3');
  const agents = createAgents(egress, tlsOf(credentials));
  const requestHandler = await handlerOf(agents);
  const s3 = new S3({
    ...clientConfig(credentials),
    requestHandler,
    credentials: await credentialsOf(work, requestHandler),
  });
  const store = {
    s3,
    bucket: credentials.bucket,
    agents,
    compatible: credentials.endpoint !== undefined,
    secure: URL.parse(credentials.endpoint ?? '')?.protocol !== 'http:',
    crc32: wantsCrc32(credentials),
    signal,
  };
  const parts = transport(store);
  return {
    ...store,
    sendPart: parts.sendPart,
    partMemory: parts.partMemory,
    close() {
      parts.close();
      s3.destroy();
      agents.close();
    },
  };
}

/** Lends a store; its sockets are closed at the end, whatever happens. */
export async function withStore<T>(
  work: StoreWork,
  transport: PartTransport,
  use: (store: Store) => Promise<T>,
): Promise<T> {
  const store = await openStore(work, transport);
  try {
    return await use(store);
  } finally {
    store.close();
  }
}
