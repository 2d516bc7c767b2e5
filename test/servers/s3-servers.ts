import { startMinio } from './minio.ts';
import type { S3Server } from './s3-server.ts';
import { type S3Options, type S3StandIn, startS3 } from './s3-stand-in.ts';
import { makeTls } from './tls.ts';

/** The server that the environment names: `S3_TEST_ENDPOINT`, `_ACCESS_KEY`, `_SECRET_KEY`, `_REGION`, `_BUCKET`. */
function namedServer(): S3Server | undefined {
  const value = (name: string) => process.env[`S3_TEST_${name}`] ?? '';
  if (value('ENDPOINT') === '') return undefined;
  const { hostname, port, protocol, origin } = new URL(value('ENDPOINT'));
  return {
    endpoint: origin,
    host: hostname,
    port: Number(port) || (protocol === 'https:' ? 443 : 80),
    region: value('REGION') || 'us-east-1',
    bucket: value('BUCKET') || 'bucket',
    accessKey: value('ACCESS_KEY'),
    secretKey: value('SECRET_KEY'),
    stop: async () => {},
  };
}

/** The stand-in with a certificate of an authority of its own. */
export async function startS3OverTls(options: S3Options = {}): Promise<S3StandIn> {
  const tls = await makeTls();
  const server = await startS3({ ...options, tls });
  const stop = async () => {
    await server.stop();
    await tls.stop();
  };
  return { ...server, caCertificate: tls.ca, caFile: tls.caFile, stop };
}

/** One kind of S3 that the suites run on, and how it is started; `undefined` when it is not installed. */
export interface S3Kind {
  readonly name: string;
  start(): Promise<S3Server | undefined>;
}

/** The stand-in, MinIO, and the server that the environment names, if it does. */
export function s3Kinds(): S3Kind[] {
  const named = namedServer();
  const standIn = { name: 'the stand-in', start: () => startS3() };
  const overTls = { name: 'the stand-in over TLS', start: startS3OverTls };
  const kinds: S3Kind[] = [standIn, overTls, { name: 'MinIO', start: startMinio }];
  return named ? [...kinds, { name: named.endpoint, start: async () => named }] : kinds;
}

/** Says loudly that a real server is missing; where it must be there (`CI`), that is a failure. */
export function missing(name: string): void {
  console.error(`MISSING real server: ${name}. Its part of the suite was not run.`);
  if (process.env['CI']) throw new Error(`${name} is not installed, but CI is set.`);
}
