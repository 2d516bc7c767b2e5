import { join } from 'node:path';
import { UserError } from '../errors.ts';
import type { Db } from '../store/database.ts';
import { type LocalDataset, findLocalDataset } from '../store/local-dataset.ts';

type Entries = Readonly<Record<string, unknown>>;

/** What a definition may say of a local source; a path of the person's is nothing for the service to read. */
const knownKeys = ['kind', 'datasetId', 'query'];

/** Where the rows of a local DataSet lie. */
export function localDatasetPath(dataFolder: string, { file }: Pick<LocalDataset, 'file'>): string {
  return join(dataFolder, file);
}

/** The local DataSet that a definition's source names. Throws UserError `writeback-dataset-unknown`. */
export async function namedLocalDataset(db: Db, { datasetId }: Entries): Promise<LocalDataset> {
  const found = typeof datasetId === 'string' ? await findLocalDataset(db, datasetId) : undefined;
  if (found) return found;
  throw new UserError('writeback-dataset-unknown', 'The local DataSet does not exist.', {
    field: 'source.datasetId',
    remedy: 'Choose one of the DataSets, or upload the file again.',
  });
}

/** A local DataSet as a source that can be read: its file, its name and the types that it was saved with. */
export async function localDatasetSource(
  source: Entries,
  { db, dataFolder }: { readonly db: Db; readonly dataFolder: string },
): Promise<Entries> {
  const unknown = Object.keys(source).find((key) => !knownKeys.includes(key));
  if (unknown !== undefined) {
    throw new UserError('writeback-unknown-key', `The source of a saved writeback has no "${unknown}".`, {
      field: `source.${unknown}`,
      remedy: `It may have: ${knownKeys.join(', ')}.`,
    });
  }
  const dataset = await namedLocalDataset(db, source);
  const columns = Object.fromEntries(dataset.columns.map(({ name, type }) => [name, type]));
  const { query } = source;
  return {
    kind: 'local',
    path: localDatasetPath(dataFolder, dataset),
    name: dataset.name,
    columns,
    ...(query !== undefined && { query }),
  };
}
