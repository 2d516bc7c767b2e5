import type { S3ClientConfig } from '@aws-sdk/client-s3';
import type { NodeHttpHandler } from '@smithy/node-http-handler';
import { UserError } from '../../errors.ts';
import type { S3Credentials } from './credentials-fields.ts';
import type { StoreWork } from './store.ts';

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

/** Where a machine or a container in Amazon's cloud is told the keys of its role. */
const metadataAddress = { host: '169.254.169.254', port: 80, timeout: 1_000 };

/** Throws what the policy of egress throws about the metadata address; whether it answers is another matter. */
async function askForMetadata({ egress, signal }: StoreWork): Promise<void> {
  try {
    (await egress.connect({ ...metadataAddress, signal })).destroy();
  } catch (error) {
    if (error instanceof UserError) throw error;
  }
}

/**
 * What this machine has. Environment, files, single sign-on and web identity come first, with sockets of egress. The SDK
 * asks a container's or an instance's address over sockets of its own, so egress is asked before whether it may.
 */
async function machineKeys(work: StoreWork, requestHandler: NodeHttpHandler): Promise<Provider> {
  const providers = await import('@aws-sdk/credential-providers');
  const { region } = work.credentials;
  // The region belongs to the parent: a client's own would take the place of the one that single sign-on is set up in.
  const init = { clientConfig: { requestHandler }, parentClientConfig: { region } };
  const local = providers.createCredentialChain(
    providers.fromEnv(),
    providers.fromIni(init),
    providers.fromTokenFile(init),
  );
  const whole = providers.fromNodeProviderChain(init);
  return async () => {
    try {
      return await local();
    } catch {
      await askForMetadata(work);
      return whole();
    }
  };
}

/**
 * Where the SDK takes its keys: as typed or from the machine, and with a role the temporary ones of that role.
 * A provider, never a snapshot: roles expire in the middle of long uploads and are then assumed anew.
 */
export async function credentialsOf(work: StoreWork, requestHandler: NodeHttpHandler): Promise<Provider> {
  const { credentialSource, region, roleArn, roleSessionName, externalId, endpoint } = work.credentials;
  const master =
    credentialSource === 'keys' ? keysOf(work.credentials) : await machineKeys(work, requestHandler);
  if (roleArn === undefined) return master;
  const { fromTemporaryCredentials } = await import('@aws-sdk/credential-providers');
  const clientConfig = { region, requestHandler };
  return fromTemporaryCredentials({
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
