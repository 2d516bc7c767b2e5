import { UserError } from '../../errors.ts';

/** The formats that a local file may have. */
export type LocalFormat = 'csv' | 'tsv' | 'jsonl' | 'json' | 'parquet';

/** What the name of a file tells. */
export interface FileKind {
  readonly format: LocalFormat;
  readonly compression: 'none' | 'gzip' | 'zstd';
}

const formats: Readonly<Record<string, LocalFormat>> = {
  csv: 'csv',
  tsv: 'tsv',
  tab: 'tsv',
  jsonl: 'jsonl',
  ndjson: 'jsonl',
  json: 'json',
  parquet: 'parquet',
};

/** Format and compression by the extensions of `path`; `format` wins over its extension. Throws `local-format-unknown`. */
export function fileKindOf(path: string, format?: LocalFormat): FileKind {
  const outer = /\.(gz|zst)$/iu.exec(path)?.[1]?.toLowerCase();
  const inner = outer === undefined ? path : path.slice(0, -outer.length - 1);
  const known = format ?? formats[/\.([^./\\]+)$/u.exec(inner)?.[1]?.toLowerCase() ?? ''];
  if (known === undefined) {
    const remedy =
      'Name the format, or use one of .csv, .tsv, .jsonl, .ndjson, .json and .parquet (text also with .gz or .zst).';
    throw new UserError('local-format-unknown', `The name of ${path} does not tell its format.`, { remedy });
  }
  return { format: known, compression: outer === 'gz' ? 'gzip' : outer === 'zst' ? 'zstd' : 'none' };
}
