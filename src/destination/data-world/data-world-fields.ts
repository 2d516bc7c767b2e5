import { fileOptions } from '../../connector/file-options.ts';
import { fields } from '../../field/field.ts';

/** The Credentials pane. */
export const dataWorldCredentials = fields({
  apiToken: {
    type: 'secret',
    label: 'API Token',
    help: 'The token of your data.world account: User Settings, Advanced.',
    required: true,
  },
  apiUrl: {
    type: 'text',
    label: 'API URL',
    help: 'Where the API of data.world answers. Only private installations have another.',
    default: 'https://api.data.world/v0',
    more: true,
    place: true,
  },
});

/** The Details pane. Two of its fields bear one label: the one to select, the one to type. */
export const dataWorldDetails = fields({
  inputDatasetId: {
    type: 'text',
    label: 'Input DataSet ID',
    help: 'The DataSet to read: its GUID, or its URL.',
    required: true,
    sharedWith: 'datasetId',
    example: '845305d8-da3d-4107-a9d6-13ef3f86d4a4',
  },
  selectDataWorldDatasetMethod: {
    type: 'choice',
    label: 'Select data.world DataSet Method',
    help: 'Select one of your data.world DataSets, or enter its ID.',
    choices: { selectDataset: 'Select DataSet', enterDatasetId: 'Enter DataSet ID' },
    default: 'selectDataset',
  },
  dataWorldDataset: {
    type: 'fetched',
    label: 'data.world DataSet',
    help: 'The data.world DataSet that gets the file. Yours and those you contribute to are listed.',
    required: true,
    when: { selectDataWorldDatasetMethod: ['selectDataset'] },
    example: 'owner/dataset',
  },
  dataWorldDatasetId: {
    type: 'text',
    label: 'data.world DataSet',
    help: 'The ID of the data.world DataSet, as owner/id or as its URL.',
    required: true,
    when: { selectDataWorldDatasetMethod: ['enterDatasetId'] },
    example: 'https://data.world/owner/dataset',
  },
  selectFileNameMethod: {
    type: 'choice',
    label: 'Select File Name Method',
    help: 'Select one of the files that are there, or enter a name.',
    choices: { selectFile: 'Select File', enterFileName: 'Enter File Name' },
    default: 'enterFileName',
  },
  fileName: {
    type: 'text',
    label: 'File Name',
    help: 'Name of the file without extension. A file of that name is overwritten.',
    required: true,
    template: true,
    when: { selectFileNameMethod: ['enterFileName'] },
    example: 'sales',
  },
  files: {
    type: 'fetched',
    label: 'Files',
    help: 'The file to overwrite.',
    required: true,
    when: { selectFileNameMethod: ['selectFile'] },
    example: 'sales.csv',
  },
  appendDateOrNumberToFilename: {
    type: 'choice',
    label: 'Append Date or Number to Filename',
    help: 'None overwrites the file with every run; a date keeps one file a day, a number one file a run.',
    choices: { none: 'None', appendDate: 'Append date', appendNumber: 'Append number' },
    default: 'none',
  },
  ...fileOptions,
});

export type DataWorldCredentials = typeof dataWorldCredentials;
export type DataWorldDetails = typeof dataWorldDetails;
