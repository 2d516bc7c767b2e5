import { fileOptions } from '../../connector/file-options.ts';
import { fields, type Values } from '../../field/field.ts';

/** The Details pane: the labels and order of Domo's document first, then our own. */
export const detailsFields = fields({
  inputDatasetId: {
    type: 'text',
    label: 'Input DataSet ID',
    help: 'The ID (GUID) of the DataSet, or the address of its page in Domo.',
    required: true,
    sharedWith: 'datasetId',
    example: 'https://customer.domo.com/datasources/aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee/details/settings',
  },
  path: {
    type: 'text',
    label: 'Path',
    help: 'Where in the bucket the file is saved.',
    template: true,
    example: 'exports/{yyyy}/{MM}',
  },
  primaryKey: {
    type: 'text',
    label: 'Primary Key',
    help: 'A column whose values tell the rows apart. The rows are then cut into ranges of it, which are read and uploaded in parallel.',
  },
  specificDay: {
    type: 'number',
    label: 'Specific Day',
    help: 'Only the rows of one day: 0 is today, 1 yesterday, 7 the day a week ago. All rows unless told.',
    minimum: 0,
  },
  selectTheDataTypeForDateColumnSToBeParsed: {
    type: 'choice',
    label: 'Select the Data Type for Date Column(s) to be parsed',
    help: 'How "started" and "finished" of the metrics are shown. The data itself is not touched.',
    choices: {
      parseAsIs: 'Parse as is (Do not convert)',
      parseAndConvert: 'Parse and convert into Date Time',
    },
    default: 'parseAsIs',
  },
  fileName: {
    type: 'text',
    label: 'File Name',
    help: 'The name of the file without extension.',
    template: true,
    default: '{dataset.id}',
    example: 'sales_{yyyy}-{MM}-{dd}',
    more: true,
  },
  dateColumn: {
    type: 'text',
    label: 'Date Column',
    help: 'The column that Specific Day looks at; _BATCH_LAST_RUN_ unless told.',
    more: true,
  },
  parts: {
    type: 'number',
    label: 'Parts',
    help: 'With a Primary Key: into how many ranges, and so files, the rows are cut.',
    minimum: 1,
    maximum: 64,
    default: 4,
    more: true,
  },
  serverSideEncryption: {
    type: 'choice',
    label: 'Server-Side Encryption',
    help: 'What the bucket does by itself, or what is asked for with each object.',
    choices: { none: 'As the bucket does', AES256: 'SSE-S3 (AES256)', 'aws:kms': 'SSE-KMS (aws:kms)' },
    default: 'none',
    more: true,
  },
  kmsKeyId: {
    type: 'text',
    label: 'KMS Key ID',
    help: 'The key for SSE-KMS; the account’s own unless told. Needs kms:GenerateDataKey and kms:Decrypt.',
    more: true,
  },
  storageClass: {
    type: 'choice',
    label: 'Storage Class',
    help: 'STANDARD unless told.',
    choices: {
      STANDARD: 'Standard',
      STANDARD_IA: 'Standard, infrequent access',
      ONEZONE_IA: 'One zone, infrequent access',
      INTELLIGENT_TIERING: 'Intelligent tiering',
      GLACIER_IR: 'Glacier instant retrieval',
      GLACIER: 'Glacier flexible retrieval',
      DEEP_ARCHIVE: 'Glacier deep archive',
      REDUCED_REDUNDANCY: 'Reduced redundancy',
    },
    default: 'STANDARD',
    more: true,
  },
  skipWhenUnchanged: {
    type: 'boolean',
    label: 'Skip When Unchanged',
    help: 'Send nothing when the object was written from this very state of the DataSet. Needs s3:GetObject.',
    default: false,
    more: true,
  },
  delegatedExport: {
    type: 'boolean',
    label: 'Delegated Export',
    help: 'Ask Domo to write into the bucket by itself. The keys are then given to Domo, which chooses format and names.',
    default: false,
    more: true,
  },
  ...fileOptions,
});

/** The checked values of the Details pane. */
export type S3Details = Values<typeof detailsFields>;
