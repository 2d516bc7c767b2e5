import { defineConnector } from '../../connector/contract.ts';
import { checkFields } from './check-fields.ts';
import { credentialsFields } from './credentials-fields.ts';
import { detailsFields } from './details-fields.ts';
import { discardHeld, holdPart, publishHeld } from './held-uploads.ts';
import { isCurrent } from './is-current.ts';
import { metrics } from './metrics.ts';
import type { PartTransport } from './part-transport.ts';
import { signedParts } from './signed-parts.ts';
import { testConnection } from './test-connection.ts';
import { write } from './write.ts';

const icon =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" stroke-linejoin="round"><path d="M4 5c0-1.1 3.6-2 8-2s8 .9 8 2-3.6 2-8 2-8-.9-8-2zm0 0 2 14c.2 1.1 2.8 2 6 2s5.8-.9 6-2l2-14"/></svg>';

/** The connector with a way for parts to take; most want `s3UnloadConnector`. */
export const s3UnloadConnectorOn = (transport: PartTransport) =>
  defineConnector({
    id: 's3-unload',
    name: 'Amazon S3 Unload',
    summary: 'Exports a DataSet into a bucket of Amazon S3, or of a store that speaks S3.',
    icon,
    credentials: credentialsFields,
    details: detailsFields,
    accepts: 'file',
    check: checkFields,
    testConnection,
    write: (job) => write(job, transport),
    isCurrent,
    metrics,
    fileName({ path = '', fileName }) {
      const folder = path.split('/').filter((part) => part !== '');
      return [...folder, fileName].join('/');
    },
    parts: {
      cut: ({ primaryKey, parts }) =>
        primaryKey === undefined ? undefined : { key: primaryKey, count: parts },
      write: (job) => holdPart(job, transport),
      publish: publishHeld,
      discard: discardHeld,
    },
    day: ({ specificDay, dateColumn }) =>
      specificDay === undefined ? undefined : { daysBack: specificDay, column: dateColumn },
    delegate({ delegatedExport, path }, { accessKey, secretKey, sessionToken, bucket, region }) {
      if (!delegatedExport || accessKey === undefined || secretKey === undefined) return undefined;
      return {
        awsAccessKey: accessKey,
        awsAccessSecret: secretKey,
        sessionToken,
        bucket,
        path: path ?? '',
        region,
      };
    },
  });

/** Writes files as objects into a bucket: each is there whole or not at all. */
export const s3UnloadConnector = s3UnloadConnectorOn(signedParts);
