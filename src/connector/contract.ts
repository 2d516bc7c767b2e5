import type { Batch } from '../dataset/batch.ts';
import type { Dataset } from '../dataset/dataset.ts';
import type { Egress } from '../egress/egress.ts';
import type { Fields, Values } from '../field/field.ts';
import type { Log } from '../log.ts';
import type { DelegatedExport, DelegatedTarget } from '../source/source.ts';

/** One execution, by what it is, not by how often it was tried: a replay has the same id, number and time. */
export interface Run {
  readonly id: string;
  /** Counts a writeback's runs from 1. */
  readonly number: number;
  readonly startedAt: Date;
}

/** The saved thing that runs. */
export interface WritebackIdentity {
  readonly id: string;
  readonly name: string;
  /** IANA name; dates in names and "Specific Day" are of this zone. */
  readonly timeZone: string;
}

/** What `testConnection` and `options` are given. */
export interface ConnectionWork<C extends Fields, D extends Fields> {
  readonly credentials: Values<C>;
  readonly details: Values<D>;
  readonly signal: AbortSignal;
  readonly egress: Egress;
  readonly log: Log;
}

/** What `write` is given whatever it accepts. */
export interface Job<C extends Fields, D extends Fields> extends ConnectionWork<C, D> {
  readonly dataset: Dataset;
  readonly run: Run;
  readonly writeback: WritebackIdentity;
  /** A sentence for the receipt: something the person should know although the run succeeds. */
  readonly warn: (sentence: string) => void;
}

/** A file to publish: the framework has done format, compression, splitting and naming. */
export interface OutgoingFile {
  /** Rendered and safe, relative, parts separated by `/`; never absolute, never with `.` or `..` parts. */
  readonly path: string;
  readonly contentType: string;
  /** Set when the bytes are compressed and the name does not say so. */
  readonly contentEncoding?: string;
  /**
   * The bytes; a chunk is valid until the next pull. It throws when the source breaks, ends short or is cancelled:
   * then nothing may be published, and the connector cleans up and lets the error pass.
   */
  readonly body: AsyncIterable<Uint8Array>;
  /** True once the body has ended well: then the facts are final. */
  facts(): FileFacts;
  /** CRC-32 of all chunks that were pulled so far; who needs sums of pieces need not go through the bytes once more. */
  crc32SoFar?(): number;
  /** Bytes to come, when they are known beforehand (they seldom are). */
  readonly estimatedBytes?: number;
}

/** What the framework counted while a file's body passed. */
export interface FileFacts {
  readonly rows: number;
  readonly bytes: number;
  /** CRC-32 of the bytes as eight hexadecimal digits. */
  readonly crc32: string;
}

/** Where a published file lies, for people: a URL such as `s3://bucket/key`, `sftp://host/path`. */
export interface PublishedFile {
  readonly location: string;
}

export interface FileJob<C extends Fields, D extends Fields> extends Job<C, D> {
  /**
   * Files in the order in which they must be published, each only asked for when the one before is published
   * (a manifest comes last). Often there is just one.
   */
  readonly files: AsyncIterable<OutgoingFile>;
}

export interface BatchJob<C extends Fields, D extends Fields> extends Job<C, D> {
  /** At most about 1.5 MB of CSV a batch. A DataSet without rows gives no batch, and must still be published. */
  readonly batches: AsyncIterable<Batch>;
  /**
   * Reports a row that the destination refuses; it is kept with its cells. Those of the batch that was pulled last are at hand;
   * for a row of an earlier one they are asked for, if given, where there is still room for them. Throws UserError
   * `too-many-rejected-rows` past the writeback's limit.
   */
  readonly reject: (
    row: number,
    reason: string,
    column?: string,
    cells?: () => readonly (string | null)[],
  ) => void;
  /**
   * Set when only some rows of a run come again, with the numbers that they had: those that were rejected. All else that the
   * run wrote stays, whether this succeeds or fails.
   */
  readonly someRows?: boolean;
  /** Adds to the receipt's count of dates that lost digits: a BSON date has milliseconds, a Parquet one microseconds. */
  readonly truncated: (count: number) => void;
  /** Total rows pulled so far; after the last batch, the DataSet's rows. */
  readonly rowsRead: () => number;
}

/** What a part left behind, for `publish`: plain data, which waits in the database. */
export type Held = Readonly<Record<string, unknown>>;

/** One part of a run, as this attempt of it knows itself. */
export interface RunPart {
  /** Counts from 1 within the run. */
  readonly number: number;
  /** Another one for each try: what an attempt leaves that was given up must not be taken for its successor's. */
  readonly attempt: string;
}

/**
 * How a run is done in parts, by processes that know nothing of each other: rows are cut by a column, each part is written where
 * nobody sees it, and when all are there they are published together. A part that was given up may wake at any time and go
 * on writing; that must not change what is published.
 */
export interface Parts<J, R, C extends Fields, D extends Fields> {
  /** Into how many ranges of which column the rows are to be cut; undefined: the run is done in one. */
  cut(details: Values<D>): { readonly key: string; readonly count: number } | undefined;
  /** Makes room, before the first part of a run is begun. False: it cannot be done in parts here. */
  begin?(job: Job<C, D>): Promise<boolean>;
  /** Writes one part as `write` writes a run, but so that nobody sees it. When it throws, nothing of it is left. */
  write(job: J, part: RunPart): Promise<{ readonly receipt: R; readonly held: Held }>;
  /** Publishes what all parts hold, and removes what other attempts left; may be called again, with the same outcome. */
  publish(job: Job<C, D>, held: readonly Held[]): Promise<void>;
  /** Removes what these parts hold, for a run that is not published. */
  discard(job: Job<C, D>, held: readonly Held[]): Promise<void>;
}

/** What a batch connector can prove. */
export interface BatchReceipt {
  readonly location: string;
  /** Rows that are in the destination thanks to this run, a replay's included. */
  readonly rowsWritten: number;
  /** Bytes sent. */
  readonly bytes: number;
}

/** One step of a connection test. */
export interface TestStep {
  /** resolve, connect, host key, certificate, sign in, permission, write probe… */
  readonly name: string;
  readonly ok: boolean;
  /** Milliseconds. */
  readonly time: number;
  /** What was seen: a version, a fingerprint, a path; or what went wrong. */
  readonly message: string;
  readonly remedy?: string | undefined;
}

/** One choice of a fetched field. */
export interface Option {
  readonly value: string;
  readonly label: string;
}

interface ConnectorBase<C extends Fields, D extends Fields> {
  readonly id: string;
  readonly name: string;
  /** One sentence: what it does with the rows. */
  readonly summary: string;
  /** An SVG document, 24 × 24, one colour (`currentColor`). */
  readonly icon: string;
  readonly credentials: C;
  readonly details: D;
  /** What fields alone cannot say (illegal names, keys of unknown format): throws UserError with `field`. */
  check?(credentials: Values<C>, details: Values<D>): void;
  /** Ends at the first step that fails. Leaves nothing behind. */
  testConnection(work: ConnectionWork<C, D>): AsyncIterable<TestStep>;
  /** Choices of fetched fields, by field id. */
  readonly options?: Readonly<Record<string, (work: ConnectionWork<C, D>) => Promise<readonly Option[]>>>;
}

/** A connector that publishes files. */
export interface FileConnector<C extends Fields = Fields, D extends Fields = Fields> extends ConnectorBase<
  C,
  D
> {
  readonly accepts: 'file';
  /** True when the far system ignores lines that begin with `#`: the framework then quotes a first field that does. */
  readonly guardFirstHash?: boolean;
  /**
   * The template of the file's path without extension, of the checked details (`dataset/name-template.ts`).
   * `{part}` is added by the framework when there are several files and the template lacks it.
   */
  fileName(details: Values<D>): string;
  /** Publishes each file atomically; the law of replay holds. */
  write(job: FileJob<C, D>): Promise<readonly PublishedFile[]>;
  /** True when the destination already holds the file of this very state of the DataSet, so that nothing needs to be sent. */
  isCurrent?(job: Job<C, D>, path: string): Promise<boolean>;
  /** Lets the source write by itself, when the details say so (S3 Unload). Undefined: write the usual way. */
  delegate?(details: Values<D>, credentials: Values<C>): DelegatedTarget | undefined;
  /** The row of metrics that the writeback's output DataSet gets. */
  metrics?(details: Values<D>, outcome: MetricsOutcome): Readonly<Record<string, string | number>>;
  readonly parts?: Parts<FileJob<C, D>, readonly PublishedFile[], C, D> | undefined;
  /** Only the rows of this day, counted back from the run's. */
  day?(details: Values<D>): { readonly daysBack: number; readonly column?: string | undefined } | undefined;
}

/** What a connector may tell of a finished run in its own words. */
export interface MetricsOutcome {
  readonly startedAt: Date;
  readonly finishedAt: Date;
  readonly runId: string;
  readonly rows: number;
  readonly bytes: number;
  readonly objects: number;
  readonly delegated?: DelegatedExport | undefined;
}

/** A connector that writes rows. */
export interface BatchConnector<C extends Fields = Fields, D extends Fields = Fields> extends ConnectorBase<
  C,
  D
> {
  readonly accepts: 'batches';
  /** Pulls batches to the end, publishes, and obeys the law of replay. */
  write(job: BatchJob<C, D>): Promise<BatchReceipt>;
  readonly parts?: Parts<BatchJob<C, D>, BatchReceipt, C, D> | undefined;
  /**
   * Whether some rows of a run can be written again later: always where they are only added, while no newer run has written
   * where they would overwrite what that wrote. Never, or not there: a run stands for the DataSet as a whole.
   */
  rewritesRows?(details: Values<D>): 'always' | 'whileNewest' | 'never';
}

export type Connector<C extends Fields = Fields, D extends Fields = Fields> =
  | FileConnector<C, D>
  | BatchConnector<C, D>;

/**
 * Declares a connector: one plain object, its types inferred from its fields.
 * The result forgets the fields' types, so that connectors of all kinds can stand in one registry:
 * values are checked against the fields before any function here is called.
 */
export function defineConnector<const C extends Fields, const D extends Fields>(
  connector: Connector<C, D>,
): Connector {
  return connector as unknown as Connector;
}
