import { resolve } from 'node:path';
import type { Column } from '../../dataset/dataset.ts';
import { UserError } from '../../errors.ts';
import { type CsvSample, sampleCsv } from './csv-sample.ts';
import type { FileKind } from './file-kind.ts';
import { type LocalFile, findFiles } from './local-files.ts';
import { type GivenTypes, type RelationRequest, sampledColumns } from './local-relation.ts';

/** The files that are one DataSet, and how they are read. */
export interface LocalTable extends RelationRequest {
  /** Absolute path or pattern. */
  readonly id: string;
  readonly files: readonly LocalFile[];
  /** One CSV file with commas, as it flows everywhere. */
  readonly isPlain: boolean;
}

/** The files of the whole source, or the one of them that `datasetId` names: no other file can be asked for. */
async function filesOf(path: string, datasetId: string): Promise<{ id: string; files: LocalFile[] }> {
  const id = resolve(path);
  const files = await findFiles(path);
  const asked = datasetId === '' ? id : resolve(datasetId);
  if (asked === id) return { id, files };
  const file = files.find((file) => file.path === asked);
  if (file) return { id: asked, files: [file] };
  const remedy = 'Leave the DataSet out, or name one of the files that the path stands for.';
  throw new UserError('local-file-not-found', `${datasetId} is not a file of ${id}.`, { remedy });
}

/** Files are read by the place of their columns, so a glob whose headers differ would mix columns up. */
async function sampleAll(files: readonly LocalFile[], kind: FileKind): Promise<CsvSample> {
  const first = await sampleCsv(files[0]!.path, kind);
  for (const { path } of files.slice(1)) {
    const { header, delimiter } = await sampleCsv(path, kind);
    if (
      header.join('\0') === first.header.join('\0') &&
      (delimiter === first.delimiter || header.length === 1)
    )
      continue;
    const remedy = 'Read files with different columns one by one.';
    throw new UserError('local-headers-differ', `${path} has other columns than ${files[0]!.path}.`, {
      remedy,
    });
  }
  return first;
}

async function delimitedOf(
  files: readonly LocalFile[],
  kind: FileKind,
  given: GivenTypes,
): Promise<{ columns: Column[]; delimiter: string } | undefined> {
  if (kind.format !== 'csv' && kind.format !== 'tsv') return undefined;
  const sample = await sampleAll(files, kind);
  return { columns: sampledColumns(sample, given), delimiter: sample.delimiter };
}

/** Finds the files of a DataSet and looks into their heads. Throws UserError `local-*`. */
export async function tableOf(
  path: string,
  datasetId: string,
  given: GivenTypes,
  kindOf: (path: string) => FileKind,
): Promise<LocalTable> {
  const { id, files } = await filesOf(path, datasetId);
  const kind = kindOf(files[0]!.path);
  const delimited = await delimitedOf(files, kind, given);
  const isPlain =
    files.length === 1 &&
    kind.compression === 'none' &&
    kind.format === 'csv' &&
    delimited?.delimiter === ',';
  return { id, files, paths: files.map(({ path }) => path), kind, given, delimited, isPlain };
}
