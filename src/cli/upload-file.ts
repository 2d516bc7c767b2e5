import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { extname } from 'node:path';
import type { Client } from '../contract/client.ts';
import { UserError } from '../errors.ts';

const types: Readonly<Record<string, string>> = {
  '.csv': 'text/csv',
  '.tsv': 'text/tab-separated-values',
  '.jsonl': 'application/jsonl',
  '.ndjson': 'application/x-ndjson',
  '.parquet': 'application/vnd.apache.parquet',
};

/** Uploads a file as a new local DataSet, or in the place of the one with the id. Throws UserErrors `upload-…`. */
export async function uploadFile(client: Client, path: string, name: string, id?: string) {
  const type = types[extname(path).toLowerCase()];
  if (type === undefined)
    throw new UserError('upload-kind', `What kind of file ${path} is cannot be told.`, {
      remedy: `Its name must end in one of: ${Object.keys(types).join(', ')}.`,
    });
  await stat(path).catch((cause: unknown) => {
    throw new UserError('upload-file', `${path} cannot be read: ${(cause as Error).message}.`, { cause });
  });
  const body = { type, bytes: createReadStream(path) };
  if (id !== undefined) return client.replaceDataset({ params: { id }, body });
  return client.uploadDataset({ query: { name }, body });
}
