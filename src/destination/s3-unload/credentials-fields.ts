import { fields, type Values } from '../../field/field.ts';

const onlyKeys = { credentialSource: ['keys'] } as const;

/** The Credentials pane: the labels and order of Domo's document first, then our own. */
export const credentialsFields = fields({
  domoClientId: {
    type: 'text',
    label: 'Domo Client ID',
    help: 'Your Domo client ID.',
    sharedWith: 'clientId',
    required: true,
  },
  domoClientSecret: {
    type: 'secret',
    label: 'Domo Client Secret',
    help: 'Your Domo client secret.',
    sharedWith: 'clientSecret',
    required: true,
  },
  accessKey: {
    type: 'text',
    label: 'Access Key',
    help: 'Your AWS access key. You find it in the Security Credentials section of the AWS console, or with IAM under Users.',
    required: true,
    when: onlyKeys,
    example: 'AKIAIOSFODNN7EXAMPLE',
  },
  secretKey: {
    type: 'secret',
    label: 'Secret Key',
    help: 'The AWS secret key that you were given when you created your access key.',
    required: true,
    when: onlyKeys,
  },
  bucket: {
    type: 'text',
    label: 'Bucket',
    help: 'The name of the bucket. The permission s3:PutObject on it is enough.',
    required: true,
    example: 'my-company-exports',
  },
  region: {
    type: 'text',
    label: 'Region',
    help: 'The Amazon S3 region where the bucket is located.',
    required: true,
    example: 'eu-west-1',
  },
  credentialSource: {
    type: 'choice',
    label: 'Credential Source',
    help: 'The two keys above, or what this machine has: environment, shared files, web identity, container or instance role.',
    choices: { keys: 'Access Key and Secret Key', defaultChain: 'Default credential chain' },
    default: 'keys',
    more: true,
  },
  sessionToken: {
    type: 'secret',
    label: 'Session Token',
    help: 'Belongs to temporary keys and ends with them.',
    more: true,
  },
  roleArn: {
    type: 'text',
    label: 'Role ARN',
    help: 'A role to assume with these credentials; it is assumed anew when it expires during a long upload.',
    example: 'arn:aws:iam::123456789012:role/writeback',
    more: true,
  },
  externalId: {
    type: 'text',
    label: 'External ID',
    help: 'What the owner of the role asks for in its trust policy.',
    more: true,
  },
  roleSessionName: {
    type: 'text',
    label: 'Role Session Name',
    help: 'How the session is called in the logs of the role’s owner.',
    default: 'writeback',
    more: true,
  },
  endpoint: {
    type: 'text',
    label: 'Endpoint',
    help: 'The address of a store that speaks S3 but is not Amazon’s.',
    example: 'https://minio.example.com:9000',
    more: true,
    place: true,
  },
  pathStyle: {
    type: 'boolean',
    label: 'Path Style',
    help: 'With an Endpoint: put the bucket into the path, not before the host name. Most compatible stores want that.',
    default: true,
    more: true,
  },
  caCertificate: {
    type: 'text',
    label: 'CA Certificate',
    help: 'With an Endpoint whose certificate an authority of your own has signed: the authority’s certificate, as PEM text.',
    multiline: true,
    more: true,
  },
  checksums: {
    type: 'choice',
    label: 'Checksums',
    help: 'CRC-32 of each part, checked by the store. Automatic: on Amazon yes, with an Endpoint no, because some stores refuse them.',
    choices: { automatic: 'Automatic', crc32: 'CRC-32', none: 'None' },
    default: 'automatic',
    more: true,
  },
});

/** The checked values of the Credentials pane. */
export type S3Credentials = Values<typeof credentialsFields>;
