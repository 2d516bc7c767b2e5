import { fields } from '../field/field.ts';

/** What a Domo source asks for; the seed's Domo fields of a connector are these, typed once. */
export const domoSourceFields = fields({
  clientId: {
    type: 'text',
    label: 'Client ID',
    help: 'Of a client made at developer.domo.com with the scopes data and user.',
    required: true,
  },
  clientSecret: {
    type: 'secret',
    label: 'Client Secret',
    help: 'The secret of that client.',
    required: true,
  },
  datasetId: {
    type: 'text',
    label: 'DataSet ID',
    help: 'The DataSet’s GUID, or its page’s address with /datasources/ in it.',
    required: true,
    example: '845305d8-da3d-4107-a9d6-13ef3f86d4a4',
  },
  query: {
    type: 'text',
    label: 'Query',
    help: 'SQL over the table tbl; without it the whole DataSet is exported.',
    multiline: true,
  },
  baseUrl: {
    type: 'text',
    label: 'Base URL',
    help: 'Where Domo’s API answers.',
    default: 'https://api.domo.com',
    more: true,
    place: true,
  },
});

/** What a local source asks for. */
export const localSourceFields = fields({
  path: {
    type: 'text',
    label: 'Path',
    help: 'A CSV, TSV, JSON Lines or Parquet file, or a pattern such as data/*.csv.',
    required: true,
  },
  query: {
    type: 'text',
    label: 'Query',
    help: 'SQL over the table tbl. A CSV file that breaks the rules is read leniently through a query.',
    multiline: true,
  },
  name: { type: 'text', label: 'Name', help: 'The DataSet’s name; the file’s name unless told.' },
});
