import type { CsvBytes, Dataset } from '../dataset/dataset.ts';
import type { OutputStreams } from './output-streams.ts';

/**
 * Rows whose key is at least `from` and less than `to`, in the order of the key; one without `from` holds the rows without a
 * key too. Plain data: who opens it need not be who cut it.
 */
export interface Range {
  readonly key: string;
  readonly from?: string;
  readonly to?: string;
  /** It holds no row. */
  readonly isEmpty?: true;
}

/** Rows of one calendar day only: `column` is a DATE or DATETIME column, the two bounds are UTC instants (ISO), `to` excluded. */
export interface DayFilter {
  readonly column: string;
  readonly from: string;
  readonly to: string;
}

/** What to open. */
export interface OpenRequest {
  readonly datasetId: string;
  /** SQL over a table called `tbl`. */
  readonly query?: string | undefined;
  readonly range?: Range | undefined;
  readonly day?: DayFilter | undefined;
  readonly signal: AbortSignal;
}

/** A DataSet whose rows can be pulled once. */
export interface OpenDataset {
  readonly dataset: Dataset;
  /** Canonical CSV with header. Pulling is the backpressure; leaving the loop early closes the source. */
  readonly body: CsvBytes;
  /**
   * Called with the number of data rows that came, after the last byte and before anything is published.
   * Throws TemporaryError `*-short-export` when the source states another number before and after.
   */
  readonly verify: (rows: number) => Promise<void>;
}

/** One line of a list of DataSets. */
export interface DatasetSummary {
  readonly id: string;
  readonly name: string;
  readonly rows?: number;
  readonly columns?: number;
  readonly updatedAt?: string;
}

/** Domo's own Export-to-S3, asked for and watched to its end; what the export says of itself. */
export interface DelegatedExport {
  readonly exportId: string;
  readonly status: string;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly bucket: string;
  readonly objects: readonly { readonly url: string; readonly rows: number }[];
}

/** What Domo needs to write into a bucket by itself. */
export interface DelegatedTarget {
  readonly awsAccessKey: string;
  readonly awsAccessSecret: string;
  readonly sessionToken?: string | undefined;
  readonly bucket: string;
  readonly path: string;
  readonly region: string;
}

/** Where DataSets are read. */
export interface Source {
  readonly kind: 'domo' | 'local';
  list(signal: AbortSignal): AsyncIterable<DatasetSummary>;
  describe(datasetId: string, signal: AbortSignal): Promise<Dataset>;
  open(request: OpenRequest): Promise<OpenDataset>;
  /** Cuts what a request gives into `count` ranges of about equal size, which together hold every row once. */
  cut(request: OpenRequest, key: string, count: number): Promise<readonly Range[]>;
  /** Small results for previews and scripts: rows as arrays of text or null, in the order of `columns`. */
  query(
    request: OpenRequest & { query: string; limit?: number },
  ): Promise<{ columns: readonly string[]; rows: (string | null)[][] }>;
  /** Ends its connections; nothing may be asked afterwards. */
  close(): Promise<void>;
  /** Throws UserError `domo-not-owner` unless the client's user may write the DataSet out. Only Domo has it. */
  checkOwnership?(datasetId: string, signal: AbortSignal): Promise<void>;
  /** Only Domo has it. */
  readonly outputs?: OutputStreams;
  /** Only Domo has it. */
  exportToS3?(datasetId: string, target: DelegatedTarget, signal: AbortSignal): Promise<DelegatedExport>;
}
