import type { Column } from '../../src/dataset/dataset.ts';

/** A DataSet that the source of the benchmark offers: what Domo tells of it, and its file. */
export interface Export {
  readonly id: string;
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  readonly schema: { readonly columns: readonly Column[] };
  readonly updatedAt: string;
  readonly file: string;
  /** The file is gzip, and said to be so: a content encoding. */
  readonly zipped: boolean;
}
