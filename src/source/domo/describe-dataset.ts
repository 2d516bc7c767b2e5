import { TemporaryError, UserError } from '../../errors.ts';
import type { ColumnType, Dataset } from '../../dataset/dataset.ts';
import type { DatasetSummary } from '../source.ts';
import type { DomoApi } from './api.ts';

interface Person {
  readonly id: number | string;
  readonly name?: string;
}

/** The fields of `GET /v1/datasets/{id}` that are read; none is certain to be there. */
interface Described {
  readonly id?: string;
  readonly name?: string;
  readonly rows?: number;
  readonly columns?: number;
  readonly schema?: { readonly columns?: readonly { readonly name: string; readonly type: string }[] };
  readonly owner?: Person;
  readonly owners?: readonly Person[];
  readonly updatedAt?: string;
  readonly dataCurrentAt?: string;
  readonly deleted?: boolean;
}

const types: Readonly<Record<string, ColumnType>> = {
  STRING: 'STRING',
  LONG: 'LONG',
  DOUBLE: 'DOUBLE',
  DECIMAL: 'DECIMAL',
  DATE: 'DATE',
  DATETIME: 'DATETIME',
  TIME: 'TIME',
};

/** Domo's name of a type; a name that is not known is read as text, which loses nothing. */
export function columnType(name: string): ColumnType {
  return types[name] ?? 'STRING';
}

/** A DataSet together with the ids of all who own it, as far as Domo tells. */
export interface OwnedDataset {
  readonly dataset: Dataset;
  readonly owners: readonly string[];
}

// `updatedAt` also moves when only the name changes; `dataCurrentAt`, where it is told, is about the rows.
const changedAt = ({ dataCurrentAt, updatedAt }: Described) => {
  const time = dataCurrentAt ?? updatedAt;
  return time === undefined ? {} : { updatedAt: time };
};

function toDataset(id: string, described: Described): Dataset {
  const { name = id, rows, owner, schema } = described;
  const columns = (schema?.columns ?? []).map((column) => ({
    name: column.name,
    type: columnType(column.type),
  }));
  const known = owner ? { owner: { id: String(owner.id), name: owner.name ?? '' } } : {};
  return {
    id,
    name,
    columns,
    ...known,
    ...(typeof rows === 'number' ? { rows } : {}),
    ...changedAt(described),
  };
}

/** What Domo tells of a DataSet. Throws `domo-dataset-not-found`, `domo-dataset-deleted`, `domo-access-denied`. */
export async function describeDataset(api: DomoApi, id: string, signal: AbortSignal): Promise<OwnedDataset> {
  const request = { operation: 'describe', method: 'GET', path: `/v1/datasets/${id}`, signal } as const;
  const described = (await api.json(request)) as Described;
  if (described.deleted) {
    const sentence = `The DataSet ${described.name ?? id} has been deleted in Domo.`;
    throw new UserError('domo-dataset-deleted', sentence, {
      remedy: 'Choose another DataSet.',
      field: 'datasetId',
    });
  }
  const owners = [described.owner, ...(described.owners ?? [])].flatMap((one) =>
    one ? [String(one.id)] : [],
  );
  return { dataset: toDataset(id, described), owners };
}

// Domo gives no more than this at once, whatever is asked.
const pageSize = 50;

/** All DataSets that the client's user sees, by name, page after page until an empty one. */
export async function* listDatasets(api: DomoApi, signal: AbortSignal): AsyncGenerator<DatasetSummary> {
  for (let offset = 0; ; offset += pageSize) {
    const path = `/v1/datasets?sort=name&limit=${pageSize}&offset=${offset}`;
    const page = (await api.json({ operation: 'list', method: 'GET', path, signal })) as Described[];
    if (!Array.isArray(page)) {
      throw new TemporaryError('domo-answer-unreadable', 'Domo did not answer with a list of DataSets.', {
        remedy: 'Run it again.',
      });
    }
    if (page.length === 0) return;
    for (const { id = '', name = id, rows, columns, ...times } of page) {
      const counts = {
        ...(rows === undefined ? {} : { rows }),
        ...(columns === undefined ? {} : { columns }),
      };
      yield { id, name, ...counts, ...changedAt(times) };
    }
  }
}
