import { S3 } from '@aws-sdk/client-s3';
import { parse } from 'csv-parse/sync';
import type { ConformanceTarget, StoredRow } from '../../src/connector/conformance.ts';
import type { Connector } from '../../src/connector/contract.ts';
import { s3UnloadConnector } from '../../src/destination/s3-unload/s3-unload.ts';
import type { S3Server } from './s3-server.ts';

/** A client for looking at what lies in a test's bucket. */
export function readerOf({ endpoint, region, accessKey, secretKey, caCertificate }: S3Server): S3 {
  return new S3({
    ...(caCertificate === undefined ? {} : { requestHandler: { httpsAgent: { ca: caCertificate } } }),
    endpoint,
    region,
    forcePathStyle: true,
    credentials: { accessKeyId: accessKey, secretAccessKey: secretKey },
  });
}

/** Text of each cell; unquoted nothing is null, which the parser tells by `quoted`. */
function rowsOf(csv: string): StoredRow[] {
  const options = {
    relax_column_count: true,
    cast: (value: string, { quoting }: { quoting: boolean }) => (value === '' && !quoting ? null : value),
  };
  // The types of the parser do not know that `cast` may give null.
  return (parse(csv, options) as unknown as StoredRow[]).slice(1);
}

async function objectText(s3: S3, Bucket: string, Key: string): Promise<string | undefined> {
  const found = await s3.getObject({ Bucket, Key }).catch(() => undefined);
  return found?.Body?.transformToString();
}

async function openUploads(s3: S3, Bucket: string, key: string): Promise<string[]> {
  const { Uploads = [] } = await s3.listMultipartUploads({ Bucket, Prefix: key });
  return Uploads.map(({ Key = '' }) => Key);
}

let targets = 0;

/** The bucket of a running server as a target of the conformance kit; each target writes under a path of its own. */
export function s3Target(server: S3Server, connector: Connector = s3UnloadConnector): ConformanceTarget {
  targets += 1;
  const path = `conformance-${process.pid}-${targets}`;
  const key = `${path}/rows.csv`;
  const s3 = readerOf(server);
  const { accessKey, secretKey, bucket, region, endpoint, caCertificate } = server;
  const domo = { domoClientId: 'domo-client', domoClientSecret: 'domo-client-secret' };
  const credentials = {
    ...domo,
    accessKey,
    secretKey,
    bucket,
    region,
    endpoint,
    caCertificate,
    pathStyle: true,
  };
  return {
    connector,
    credentials,
    details: { inputDatasetId: 'dataset', path, fileName: 'rows' },
    endpoint: { host: server.host, port: server.port },
    via: (host, port) => ({ ...credentials, endpoint: `${new URL(endpoint).protocol}//${host}:${port}` }),
    refused: { ...credentials, secretKey: 'a-secret-key-that-is-wrong' },
    secrets: [secretKey, domo.domoClientSecret],
    async stored() {
      const text = await objectText(s3, bucket, key);
      return text === undefined ? undefined : rowsOf(text);
    },
    leftovers: () => openUploads(s3, bucket, key),
    async close() {
      await s3.deleteObject({ Bucket: bucket, Key: key });
      s3.destroy();
      await server.stop();
    },
  };
}
