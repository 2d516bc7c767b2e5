import { rowOptions } from '../../connector/file-options.ts';
import { type Values, fields } from '../../field/field.ts';

/** The Credentials pane: the first nine are the seed's, in its order. */
export const credentialFields = fields({
  domoClientId: {
    type: 'text',
    label: 'Domo Client ID',
    help: 'Enter your Domo client ID.',
    sharedWith: 'clientId',
  },
  domoClientSecret: {
    type: 'secret',
    label: 'Domo Client Secret',
    help: 'Enter your Domo client secret.',
    sharedWith: 'clientSecret',
  },
  host: {
    type: 'text',
    label: 'Host',
    help: 'Enter your MongoDB database hostname or IP address. Not needed with a connection string.',
    example: 'db.company.com',
    place: true,
  },
  username: {
    type: 'text',
    label: 'Username',
    help: 'Enter your MongoDB username. It needs the readWrite role on the database.',
  },
  password: { type: 'secret', label: 'Password', help: 'Enter your MongoDB password.' },
  databaseName: {
    type: 'text',
    label: 'Database Name',
    help: 'Enter the name of your MongoDB database.',
    required: true,
  },
  databasePort: {
    type: 'number',
    label: 'Database Port',
    help: 'Enter your MongoDB database port number.',
    minimum: 1,
    maximum: 65_535,
    default: 27_017,
    place: true,
  },
  certificateFormat: {
    type: 'choice',
    label: 'Certificate Format',
    help: 'Select a certificate type. If you are not aware of a special certificate, select No certificate.',
    choices: { noCertificate: 'No certificate', text: 'Certificate text', url: 'Certificate URL' },
    default: 'noCertificate',
    place: true,
  },
  certificate: {
    type: 'text',
    label: 'Certificate',
    help: 'Paste the text of your CA certificate, or enter the URL where it is located. TLS is then always used.',
    multiline: true,
    required: true,
    when: { certificateFormat: ['text', 'url'] },
    place: true,
  },
  connectionString: {
    type: 'secret',
    label: 'Connection String',
    help: 'Instead of host and port: mongodb:// with several hosts or a replica set, or mongodb+srv://.',
    more: true,
  },
  authenticationDatabase: {
    type: 'text',
    label: 'Authentication Database',
    help: 'Where the user is defined. An authSource in the connection string wins.',
    default: 'admin',
    more: true,
  },
  tls: {
    type: 'boolean',
    label: 'TLS',
    help: 'Encrypt the connection and verify the certificate of the server.',
    default: false,
    more: true,
    place: true,
  },
});

/** The Details pane: the first three are the seed's. */
export const detailFields = fields({
  datasetId: {
    type: 'text',
    label: 'DataSet ID',
    help: 'Enter the DataSet ID (GUID) for the DataSet you want to copy to MongoDB.',
    sharedWith: 'datasetId',
    example: '845305d8-da3d-4107-a9d6-13ef3f86d4a4',
  },
  collectionNameSource: {
    type: 'choice',
    label: 'Collection Name Source',
    help: 'Select how you want to name the collection where data will be copied.',
    choices: { datasetId: 'DataSet ID', datasetName: 'DataSet Name', customName: 'Custom Name' },
    default: 'datasetId',
  },
  customCollectionName: {
    type: 'text',
    label: 'Custom Collection Name',
    help: 'Enter the name of the collection in your MongoDB database where you want your DataSet data to be copied.',
    template: true,
    required: true,
    when: { collectionNameSource: ['customName'] },
    example: 'sales_{yyyy}',
  },
  writeMode: {
    type: 'choice',
    label: 'Write Mode',
    help: 'Replace publishes all rows at once. Append adds them. Upsert updates by key. Mirror also deletes what is gone.',
    choices: { replace: 'Replace', append: 'Append', upsert: 'Upsert', mirror: 'Mirror' },
    default: 'replace',
    more: true,
  },
  keyColumns: {
    type: 'text',
    label: 'Key Columns',
    help: 'The columns that tell one row from another, one a line. A unique index on them is made if there is none.',
    list: true,
    required: true,
    when: { writeMode: ['upsert', 'mirror'] },
    more: true,
  },
  nullValues: {
    type: 'choice',
    label: 'Null Values',
    help: 'What a document holds for an empty cell.',
    choices: { null: 'Null', omit: 'Omit the field', empty: 'Empty text' },
    default: 'null',
    more: true,
  },
  fieldNames: {
    type: 'choice',
    label: 'Field Names',
    help: 'What happens to a dot or a leading dollar sign in a column name. Upsert and Mirror always replace them.',
    choices: { keep: 'Keep', replace: 'Replace by _' },
    default: 'keep',
    more: true,
  },
  strict: {
    type: 'boolean',
    label: 'Strict',
    help: 'Reject rows whose dates have digits below a millisecond, instead of cutting and counting them.',
    default: false,
    more: true,
  },
  batchesInFlight: {
    type: 'number',
    label: 'Batches in Flight',
    help: 'How many batches are sent at the same time.',
    minimum: 1,
    maximum: 16,
    default: 4,
    more: true,
  },
  ...rowOptions,
});

export type MongoCredentials = Values<typeof credentialFields>;
export type MongoDetails = Values<typeof detailFields>;
