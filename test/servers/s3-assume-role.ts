import { randomBytes } from 'node:crypto';
import { S3Refusal } from './s3-refusal.ts';
import type { S3Key } from './s3-signature.ts';

/** A role that may be assumed by any key of the stand-in that gives the right external id. */
export interface S3Role {
  readonly arn: string;
  readonly externalId?: string;
  readonly allow?: S3Key['allow'];
}

/** The temporary key that AssumeRole gives, or its refusal. */
export function assumeRole(form: URLSearchParams, roles: readonly S3Role[]): S3Key {
  if (form.get('Action') !== 'AssumeRole')
    throw new S3Refusal(400, 'InvalidAction', 'Could not find this operation.');
  if (!/^[\w+=,.@-]{2,64}$/.test(form.get('RoleSessionName') ?? '')) {
    throw new S3Refusal(400, 'ValidationError', 'The role session name is not valid.');
  }
  const role = roles.find(({ arn }) => arn === form.get('RoleArn'));
  if (!role || role.externalId !== (form.get('ExternalId') ?? undefined)) {
    throw new S3Refusal(
      403,
      'AccessDenied',
      `Not authorized to perform: sts:AssumeRole on resource: ${form.get('RoleArn')}`,
    );
  }
  return {
    accessKey: `ASIA${randomBytes(8).toString('hex').toUpperCase()}`,
    secretKey: randomBytes(20).toString('base64'),
    sessionToken: randomBytes(60).toString('base64'),
    ...(role.allow ? { allow: role.allow } : {}),
  };
}

/** The answer of STS. */
export function assumedRoleXml(key: S3Key): string {
  const end = new Date(Date.now() + 3_600_000).toISOString();
  const credentials = `<AccessKeyId>${key.accessKey}</AccessKeyId><SecretAccessKey>${key.secretKey}</SecretAccessKey><SessionToken>${key.sessionToken}</SessionToken><Expiration>${end}</Expiration>`;
  return `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>${credentials}</Credentials></AssumeRoleResult></AssumeRoleResponse>`;
}
