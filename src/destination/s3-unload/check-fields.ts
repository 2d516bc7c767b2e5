import { X509Certificate } from 'node:crypto';
import { UserError } from '../../errors.ts';
import type { S3Credentials } from './credentials-fields.ts';
import type { S3Details } from './details-fields.ts';

function checkBucket(bucket: string): void {
  if (/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket)) return;
  throw new UserError('s3-unload-bucket-name', `"${bucket}" is not a name that a bucket can have.`, {
    field: 'bucket',
    remedy: 'Type the name alone (3 to 63 small letters, digits, dots and hyphens), without s3:// or a path.',
  });
}

function checkEndpoint(endpoint: string | undefined): void {
  if (endpoint === undefined) return;
  const url = URL.parse(endpoint);
  if (url && /^https?:$/.test(url.protocol) && url.username === '' && url.search === '') return;
  throw new UserError(
    's3-unload-endpoint',
    'The endpoint is not an address that begins with https:// or http://.',
    {
      field: 'endpoint',
      remedy: 'Type it like https://minio.example.com:9000, without keys.',
    },
  );
}

function checkCertificate(pem: string | undefined): void {
  if (pem === undefined) return;
  try {
    void new X509Certificate(pem);
  } catch (cause) {
    throw new UserError('s3-unload-ca-certificate', 'The CA certificate cannot be read.', {
      field: 'caCertificate',
      remedy: 'Paste the PEM text that begins with -----BEGIN CERTIFICATE-----.',
      cause,
    });
  }
}

/** With several files, the first says nothing of the others: a run that broke between them would never be made up for. */
function checkSkip({ skipWhenUnchanged, splitSize, manifest }: S3Details): void {
  if (!skipWhenUnchanged || (splitSize === undefined && !manifest)) return;
  throw new UserError(
    's3-unload-skip-one-file',
    'Skip When Unchanged works for a single object only, not with Split Size or a Manifest.',
    { field: 'skipWhenUnchanged', remedy: 'Switch off one of them.' },
  );
}

function checkDelegation(credentials: S3Credentials, details: S3Details): void {
  if (!details.delegatedExport) return;
  const { endpoint, roleArn, credentialSource } = credentials;
  const odd = [endpoint, roleArn, details.primaryKey, details.specificDay].some(
    (value) => value !== undefined,
  );
  if (!odd && credentialSource === 'keys' && details.fileFormat === 'csv') return;
  throw new UserError(
    's3-unload-delegated-export',
    'Domo’s own export writes the whole DataSet as CSV to Amazon S3 with an access key, and nothing else.',
    {
      field: 'delegatedExport',
      remedy:
        'Leave out Endpoint, Role ARN, File Format, Primary Key and Specific Day, or switch Delegated Export off.',
    },
  );
}

/** What the fields alone cannot say. Throws UserError with the field. */
export function checkFields(credentials: S3Credentials, details: S3Details): void {
  checkBucket(credentials.bucket);
  checkEndpoint(credentials.endpoint);
  checkCertificate(credentials.caCertificate);
  checkSkip(details);
  checkDelegation(credentials, details);
}
