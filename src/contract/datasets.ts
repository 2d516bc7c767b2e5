import { Type } from 'typebox';
import { endpoint } from './endpoint.ts';
import { byId, id, instant, name, nothing, oneOf, pageOf, paging, record } from './record.ts';

/** Types of a column, as a DataSet states them. */
const columnTypes = ['STRING', 'LONG', 'DOUBLE', 'DECIMAL', 'DATE', 'DATETIME', 'TIME', 'BOOLEAN'] as const;

const columns = Type.Array(record({ name: Type.String(), type: oneOf(columnTypes) }));

const dataset = record({
  id,
  name,
  ownerId: id,
  /** They may do what its owner may, but give it away or delete it. */
  coOwnerIds: Type.Array(id),
  columns,
  rows: Type.Integer(),
  bytes: Type.Integer(),
  createdAt: instant,
  updatedAt: instant,
});

/** A DataSet as Domo tells it, or one line of its list. */
const domoDataset = record({
  id: Type.String(),
  name: Type.String(),
  rows: Type.Optional(Type.Integer()),
  columns: Type.Optional(Type.Integer()),
  updatedAt: Type.Optional(Type.String()),
});

const rows = record({
  columns: Type.Array(Type.String()),
  /** Texts in the order of the columns; null is nothing. */
  rows: Type.Array(Type.Array(Type.Union([Type.String(), Type.Null()]))),
});

/** Content types of the files that can be a DataSet. */
export const datasetFiles = [
  'text/csv',
  'text/tab-separated-values',
  'application/jsonl',
  'application/x-ndjson',
  'application/vnd.apache.parquet',
] as const;

/** DataSets of this installation, and those that an account sees in Domo. */
export const datasetEndpoints = {
  listDatasets: endpoint({
    method: 'GET',
    path: '/datasets',
    permission: 'read',
    summary: 'Local DataSets that the person owns or co-owns, by name.',
    query: record(paging),
    answer: pageOf(dataset),
  }),
  uploadDataset: endpoint({
    method: 'POST',
    path: '/datasets',
    permission: 'edit',
    summary: 'Saves a file as a local DataSet; the types of its columns are inferred.',
    query: record({ name }),
    upload: datasetFiles,
    answer: dataset,
    status: 201,
  }),
  getDataset: endpoint({
    method: 'GET',
    path: '/datasets/{id}',
    permission: 'read',
    summary: 'One local DataSet.',
    params: byId,
    answer: dataset,
  }),
  changeDataset: endpoint({
    method: 'PATCH',
    path: '/datasets/{id}',
    permission: 'edit',
    summary: 'Changes the name or the owners of a local DataSet.',
    params: byId,
    body: record({
      name: Type.Optional(name),
      ownerId: Type.Optional(id),
      coOwnerIds: Type.Optional(Type.Array(id, { maxItems: 100, uniqueItems: true })),
    }),
    answer: dataset,
  }),
  replaceDataset: endpoint({
    method: 'PUT',
    path: '/datasets/{id}/file',
    permission: 'edit',
    summary:
      'Puts another file in the place of a local DataSet’s; a run that reads the old one goes on with it.',
    params: byId,
    upload: datasetFiles,
    answer: dataset,
  }),
  deleteDataset: endpoint({
    method: 'DELETE',
    path: '/datasets/{id}',
    permission: 'edit',
    summary: 'Deletes a local DataSet. While writebacks read it, it is refused and they are listed.',
    params: byId,
    answer: nothing,
    status: 204,
  }),
  previewDataset: endpoint({
    method: 'GET',
    path: '/datasets/{id}/preview',
    permission: 'read',
    summary: 'The first 100 rows of a local DataSet.',
    params: byId,
    answer: rows,
  }),
  queryDataset: endpoint({
    method: 'POST',
    path: '/datasets/{id}/query',
    permission: 'read',
    summary: 'Up to 1,000 rows of an SQL query over a local DataSet, as the table tbl.',
    params: byId,
    body: record({ query: Type.String({ minLength: 1, maxLength: 100_000 }) }),
    answer: rows,
  }),
  listDomoDatasets: endpoint({
    method: 'GET',
    path: '/accounts/{id}/datasets',
    permission: 'operate',
    summary: 'DataSets that a Domo account sees, by name.',
    params: byId,
    query: record({ ...paging, search: Type.Optional(Type.String({ maxLength: 200 })) }),
    answer: pageOf(domoDataset),
  }),
  describeDomoDataset: endpoint({
    method: 'GET',
    path: '/accounts/{id}/datasets/{datasetId}',
    permission: 'operate',
    summary: 'One DataSet of Domo with its columns.',
    params: record({ id, datasetId: id }),
    answer: record({
      ...domoDataset.properties,
      columns,
      owner: Type.Optional(record({ id: Type.String(), name: Type.String() })),
    }),
  }),
};
