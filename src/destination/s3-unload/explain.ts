import { TemporaryError, UserError, isTold } from '../../errors.ts';

/** What the SDK's errors may carry, as far as we look. */
interface SdkError {
  readonly name?: string;
  readonly Code?: string;
  readonly code?: string;
  readonly message?: string;
  readonly Region?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly $response?: { readonly headers?: Readonly<Record<string, string>> };
}

/** Where it happened, for the sentence. */
export interface Place {
  readonly bucket: string;
  readonly region: string;
  readonly key?: string | undefined;
}

/** Looked at before the numbers: what stores call their refusals. */
interface Refusal {
  readonly codes: RegExp;
  readonly code: string;
  readonly field?: string;
  sentence(place: Place, error: SdkError): string;
  readonly remedy: string;
}

function objectOf({ bucket, key }: Place): string {
  return key === undefined ? `s3://${bucket}` : `s3://${bucket}/${key}`;
}

/** The region that the store names in its refusal, when it does. */
function rightRegion(error: SdkError): string | undefined {
  const named = error.Region ?? error.$response?.headers?.['x-amz-bucket-region'];
  return named ?? /expecting '([a-z0-9-]+)'/.exec(error.message ?? '')?.[1];
}

const refusals: readonly Refusal[] = [
  {
    codes: /^InvalidAccessKeyId$|^InvalidClientTokenId$/,
    code: 's3-unload-login-refused',
    field: 'accessKey',
    sentence: () => 'The store does not know the access key, or it is switched off.',
    remedy: 'Check Access Key, and that it is active.',
  },
  {
    codes: /^SignatureDoesNotMatch$/,
    code: 's3-unload-login-refused',
    field: 'secretKey',
    sentence: () => 'The store refuses the signature: the secret key does not belong to the access key.',
    remedy: 'Type the Secret Key again, whole and without blanks.',
  },
  {
    codes: /^(InvalidToken(Id)?|ExpiredToken(Exception)?|TokenRefreshRequired)$/,
    code: 's3-unload-login-refused',
    field: 'sessionToken',
    sentence: () => 'The store refuses the session token: it has ended, or does not belong to these keys.',
    remedy: 'Get new temporary keys with their token, or leave the token out with lasting keys.',
  },
  {
    codes: /^RequestTimeTooSkewed$|^RequestExpired$/,
    code: 's3-unload-clock-skew',
    sentence: () => 'The clock of this machine and that of the store are more than 15 minutes apart.',
    remedy: 'Set the clock of this machine.',
  },
  {
    codes:
      /^(AuthorizationHeaderMalformed|PermanentRedirect|TemporaryRedirect|IllegalLocationConstraintException)$/,
    code: 's3-unload-wrong-region',
    field: 'region',
    sentence: ({ bucket, region }, error) => {
      const right = rightRegion(error);
      const truth = right === undefined ? '' : `; the store says ${right}`;
      return `The bucket "${bucket}" is not in the region "${region}"${truth}.`;
    },
    remedy: 'Choose the region where the bucket is located.',
  },
  {
    codes: /^NoSuchBucket$/,
    code: 's3-unload-no-such-bucket',
    field: 'bucket',
    sentence: ({ bucket }) => `There is no bucket "${bucket}".`,
    remedy: 'Check the name of the bucket, or create it.',
  },
  {
    codes: /^InvalidBucketName$/,
    code: 's3-unload-bucket-name',
    field: 'bucket',
    sentence: ({ bucket }) => `"${bucket}" is not a name that a bucket can have.`,
    remedy: 'Type the name alone: without s3://, path or region.',
  },
  {
    codes: /^(KMS\..*|kms:.*)$/,
    code: 's3-unload-kms-key',
    field: 'kmsKeyId',
    sentence: (_, error) => `The encryption key cannot be used: ${error.name}.`,
    remedy: 'Check KMS Key ID and its region, and that the key is enabled.',
  },
  {
    codes: /^InvalidStorageClass$/,
    code: 's3-unload-storage-class',
    field: 'storageClass',
    sentence: () => 'The store does not have this storage class.',
    remedy: 'Choose another Storage Class, such as Standard.',
  },
  {
    codes: /StorageFull|InsufficientStorage|QuotaExceeded/,
    code: 's3-unload-storage-full',
    sentence: ({ bucket }) =>
      `There is no room left for the bucket "${bucket}": the disk is full or its quota used up.`,
    remedy: 'Make room in the store, or raise the quota.',
  },
  {
    codes:
      /^(KeyTooLongError|XMinioInvalidObjectName|InvalidObjectName|InvalidURI|XMinioInvalidResourceName)$/,
    code: 's3-unload-key-refused',
    field: 'path',
    sentence: (place) => `The store does not accept the name ${objectOf(place)}.`,
    remedy: 'Choose a shorter or plainer Path and File Name.',
  },
  {
    codes: /^(CredentialsProviderError|CredentialsError)$/,
    code: 's3-unload-no-credentials',
    field: 'credentialSource',
    sentence: () => 'This machine has no AWS credentials that could be used.',
    remedy: 'Type Access Key and Secret Key, or give the machine a role, a profile or environment variables.',
  },
];

const temporary =
  /^(SlowDown|ServiceUnavailable|InternalError|RequestTimeout|TimeoutError|Throttling.*|BadDigest|XAmzContentChecksumMismatch|TooManyRequests|OperationAborted|NoSuchUpload)$/;

/** An error without what the SDK hangs on it: its answer, its headers and the keys and tokens that stores echo. */
function bare(error: SdkError): Error {
  const cause = new Error(error.message);
  cause.name = error.name ?? 'Error';
  return cause;
}

function denied(place: Place, error: SdkError): UserError {
  const kms = /kms/i.test(error.message ?? '');
  const sentence = kms
    ? `The store refused to use the encryption key for ${objectOf(place)}.`
    : `The store refused to write ${objectOf(place)}: access denied.`;
  const remedy = kms
    ? 'Allow kms:GenerateDataKey and kms:Decrypt on the key: uploads in several parts need both.'
    : 'Allow s3:PutObject on this bucket and path (and s3:AbortMultipartUpload, so that failed uploads can be removed).';
  return new UserError(kms ? 's3-unload-kms-key' : 's3-unload-access-denied', sentence, {
    remedy,
    field: kms ? 'kmsKeyId' : 'path',
    cause: bare(error),
  });
}

function notS3(error: SdkError): UserError {
  return new UserError('s3-unload-not-s3', 'What answers there does not speak S3.', {
    field: 'endpoint',
    remedy: 'Check Endpoint: http or https, host and port of the S3 interface (not of a console).',
    cause: bare(error),
  });
}

function unsupported(error: SdkError): UserError {
  return new UserError('s3-unload-not-supported', `The store cannot do what was asked: ${error.message}`, {
    remedy: 'Set Checksums and Server-Side Encryption to none, or use another store.',
    cause: bare(error),
  });
}

function byStatus(place: Place, error: SdkError): Error {
  const status = error.$metadata?.httpStatusCode;
  const cause = bare(error);
  const said = `${error.name ?? 'error'}${status === undefined ? '' : ` (${status})`}: ${error.message ?? ''}`;
  if (status === undefined) {
    return new TemporaryError(
      's3-unload-connection-lost',
      `The connection to the store was lost: ${error.code ?? said}.`,
      {
        remedy: 'Check the network between this machine and the store.',
        cause,
      },
    );
  }
  if (status === 403 || status === 401) return denied(place, error);
  if (status === 411 || status === 501) return unsupported(error);
  if (status >= 500 || status === 429 || status === 408) {
    return new TemporaryError('s3-unload-unavailable', `The store cannot answer now: ${said}`, { cause });
  }
  return new UserError('s3-unload-refused', `The store refused ${objectOf(place)}: ${said}`, {
    remedy: 'Check the details against what the store allows.',
    cause,
  });
}

/**
 * Makes a told error of whatever the SDK threw: `s3-unload-login-refused`, `-access-denied`, `-no-such-bucket`,
 * `-wrong-region`, `-clock-skew`, `-kms-key`, `-storage-full`, `-unavailable`, `-connection-lost` and a few more.
 */
export function explain(thrown: unknown, place: Place): Error {
  if (isTold(thrown)) return thrown;
  const error = thrown as SdkError;
  const fromSdk = error.$metadata !== undefined || error.name === 'CredentialsProviderError';
  // Errors of a file's body and mistakes of our own are not the store's: they pass.
  if (!fromSdk && thrown instanceof Error) return thrown;
  const name = error.Code ?? error.name ?? '';
  const refusal = refusals.find(({ codes }) => codes.test(name));
  if (refusal) {
    const { code, field, remedy } = refusal;
    return new UserError(code, refusal.sentence(place, error), { field, remedy, cause: bare(error) });
  }
  if (/XML parse error|Deserialization error/i.test(error.message ?? '')) return notS3(error);
  if (error.$metadata?.httpStatusCode === 507)
    return explain({ ...error, name: 'InsufficientStorage' }, place);
  if (error.$metadata?.httpStatusCode === 301) return explain({ ...error, name: 'PermanentRedirect' }, place);
  if (temporary.test(name)) {
    return new TemporaryError('s3-unload-unavailable', `The store cannot answer now: ${name}.`, {
      cause: bare(error),
    });
  }
  return byStatus(place, error);
}
