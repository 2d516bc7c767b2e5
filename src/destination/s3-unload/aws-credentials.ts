import type { S3ClientConfig } from '@aws-sdk/client-s3';
import type { NodeHttpHandler } from '@smithy/node-http-handler';
import { UserError } from '../../errors.ts';
import type { S3Credentials } from './credentials-fields.ts';

type Provider = NonNullable<S3ClientConfig['credentials']>;

function keysOf({ accessKey, secretKey, sessionToken }: S3Credentials): Provider {
  if (accessKey === undefined || secretKey === undefined) {
    throw new UserError('s3-unload-keys-missing', 'Access Key and Secret Key are both needed.', {
      field: accessKey === undefined ? 'accessKey' : 'secretKey',
      remedy: 'Type both keys, or choose the default credential chain as Credential Source.',
    });
  }
  return {
    accessKeyId: accessKey,
    secretAccessKey: secretKey,
    ...(sessionToken === undefined ? {} : { sessionToken }),
  };
}

/**
 * Where the SDK takes its keys: as typed or from the machine, and with a role the temporary ones of that role.
 * A provider, never a snapshot: roles expire in the middle of long uploads and are then assumed anew.
 */
export async function credentialsOf(
  credentials: S3Credentials,
  requestHandler: NodeHttpHandler,
): Promise<Provider> {
  const { credentialSource, region, roleArn, roleSessionName, externalId, endpoint } = credentials;
  const providers = await import('@aws-sdk/credential-providers');
  const clientConfig = { region, requestHandler };
  const master =
    credentialSource === 'keys' ? keysOf(credentials) : providers.fromNodeProviderChain({ clientConfig });
  if (roleArn === undefined) return master;
  return providers.fromTemporaryCredentials({
    masterCredentials: master,
    params: {
      RoleArn: roleArn,
      RoleSessionName: roleSessionName,
      ...(externalId === undefined ? {} : { ExternalId: externalId }),
    },
    // Compatible stores answer AssumeRole at their own address.
    clientConfig: endpoint === undefined ? clientConfig : { ...clientConfig, endpoint },
  });
}
