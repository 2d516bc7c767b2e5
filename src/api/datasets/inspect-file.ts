import { join } from 'node:path';
import { countRecords } from '../../dataset/record-counter.ts';
import type { Column } from '../../dataset/dataset.ts';
import { UserError, isTold, restated } from '../../errors.ts';
import { createLocalSource } from '../../source/local/local-source.ts';
import type { Source } from '../../source/source.ts';

/** A saved file, and how people call it. */
export interface SavedFile {
  readonly dataFolder: string;
  readonly file: string;
  readonly name: string;
  readonly columns?: readonly Column[] | undefined;
}

/** What the local source tells of its files speaks of paths; people know names. */
function byName(error: unknown, path: string, name: string): unknown {
  if (!isTold(error) || !(error instanceof UserError)) return error;
  return restated(error, error.message.replaceAll(path, `“${name}”`), error.field);
}

/** Lends the file as a source, under the id that is its path. Throws UserError `local-*`, `csv-*` without that path. */
export async function withFile<T>(
  { dataFolder, file, name, columns }: SavedFile,
  use: (source: Source, datasetId: string) => Promise<T>,
): Promise<T> {
  const path = join(dataFolder, file);
  const types = columns && Object.fromEntries(columns.map((column) => [column.name, column.type]));
  const source = createLocalSource({ path, name, ...(types && { columns: types }) });
  try {
    return await use(source, path);
  } catch (error) {
    throw byName(error, path, name);
  } finally {
    await source.close();
  }
}

/** Reads the whole file once, as a run would: what cannot be read is refused now, not at night. Gives columns and rows. */
export async function inspectFile(
  saved: SavedFile,
  signal: AbortSignal,
): Promise<{ readonly columns: readonly Column[]; readonly rows: number }> {
  return withFile(saved, async (source, datasetId) => {
    const { dataset, body } = await source.open({ datasetId, signal });
    const counted = countRecords(body, dataset.columns);
    for await (const _ of counted);
    return { columns: dataset.columns, rows: counted.rows };
  });
}
