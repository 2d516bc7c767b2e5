import { crc32 } from 'node:zlib';
import type { Batch, RejectedRow } from '../dataset/batch.ts';
import { batches } from '../dataset/batches.ts';
import { csvRecord } from '../dataset/csv-record.ts';
import type { CsvBytes, Dataset } from '../dataset/dataset.ts';
import { warnWithoutKernel } from '../dataset/kernel/kernel-module.ts';
import type { Egress } from '../egress/egress.ts';
import type { Log } from '../log.ts';
import type { OpenDataset } from '../source/source.ts';
import type {
  BatchConnector,
  Connector,
  FileConnector,
  FileFacts,
  Job,
  OutgoingFile,
  Run,
} from './contract.ts';
import type { WritebackIdentity } from './contract.ts';
import { type FileEvents, type FilePlan, manifestFile, outgoingFiles, planFiles } from './outgoing-files.ts';
import { type Tally, createTally, rowAllowance } from './tally.ts';

/** What moves, and whereto. Values are checked against the connector's fields already (`field/check.ts`). */
export interface Delivery {
  readonly connector: Connector;
  readonly credentials: Readonly<Record<string, unknown>>;
  readonly details: Readonly<Record<string, unknown>>;
  readonly opened: OpenDataset;
  readonly run: Run;
  readonly writeback: WritebackIdentity;
  readonly signal: AbortSignal;
  readonly egress: Egress;
  readonly log: Log;
  /** From 1: this delivery is one part of a run that was cut by a key. Its manifest is `deliverManifest`'s. */
  readonly part?: number | undefined;
  /** The rows are some of a run's that come again, and have these numbers. For connectors that pull batches. */
  readonly rowNumbers?: readonly number[] | undefined;
  /** Called often: rows and bytes of the source that have passed so far. */
  progress?(rows: number, bytes: number): void;
}

/** All of a delivery but the rows. */
export type Terms = Omit<Delivery, 'opened'> & { readonly opened: Pick<OpenDataset, 'dataset'> };

/** A file as it lies in the destination now. */
export type DeliveredFile = FileFacts & { readonly path: string; readonly location: string };

/** What was moved. */
export interface Delivered {
  readonly location: readonly string[];
  readonly files: readonly DeliveredFile[];
  readonly rowsRead: number;
  readonly rowsWritten: number;
  readonly rowsRejected: number;
  /** Bytes sent to the destination. */
  readonly bytes: number;
  /** CRC-32: of the data file when there is one, else of the canonical CSV that was read. */
  readonly crc32: string;
  /** The first 1,000 rejected rows, with their cells as long as there is room. */
  readonly rejected: readonly RejectedRow[];
  /** The DataSet that they are of, as it was read; not there when none was rejected. */
  readonly rejectedFrom?: Pick<Dataset, 'id' | 'name' | 'columns'> | undefined;
  /** Dates that lost digits, because what was written holds fewer. */
  readonly truncated: number;
  readonly warnings: readonly string[];
}

/** What was pulled from the source: the checksum of the bytes as they came, if it was asked for, once the end was reached. */
interface Pulled {
  readonly body: CsvBytes;
  crc32(): string;
  /** Tells the progress: these rows, and the bytes that were pulled. */
  readonly seen: (rows: number) => void;
}

/** `summed`: false where the checksum of the one file that is written tells the same. */
function pull(delivery: Delivery, summed: boolean): Pulled {
  let sum = 0;
  let bytes = 0;
  async function* body() {
    for await (const chunk of delivery.opened.body) {
      delivery.signal.throwIfAborted();
      if (summed) sum = crc32(chunk, sum);
      bytes += chunk.length;
      yield chunk;
    }
    delivery.signal.throwIfAborted();
  }
  return {
    body: body(),
    crc32: () => sum.toString(16).padStart(8, '0'),
    seen: (rows) => delivery.progress?.(rows, bytes),
  };
}

/** CSV of a batch: about 4 MB as BSON, below which commands cost more and above which only memory grows. */
const batchBytes = 1_500_000;

/** What every function of a connector is given. */
export function jobOf(delivery: Terms, tally: Pick<Tally, 'warn'>): Job<never, never> {
  const { credentials, details, opened, run, writeback, signal, egress, log } = delivery;
  const job = {
    credentials,
    details,
    dataset: opened.dataset,
    run,
    writeback,
    signal,
    egress,
    log,
    warn: tally.warn,
  };
  return job as Job<never, never>;
}

function outcome(tally: Tally, rowsRead: number, rest: Partial<Delivered>): Delivered {
  return {
    location: [],
    files: [],
    rowsRead,
    rowsWritten: 0,
    rowsRejected: tally.rejectedCount,
    bytes: 0,
    crc32: '00000000',
    rejected: tally.rejected,
    truncated: tally.truncated,
    warnings: tally.warnings,
    ...rest,
  };
}

async function deliverBatches(
  delivery: Delivery,
  connector: BatchConnector,
  tally: Tally,
): Promise<Delivered> {
  const pulled = pull(delivery, true);
  const { columns } = delivery.opened.dataset;
  const { rowNumbers } = delivery;
  const { verify } = delivery.opened;
  let rowsRead = 0;
  let last: Batch | undefined;
  async function* counted() {
    for await (const batch of batches(pulled.body, columns, { batchBytes, rowNumbers, onEnd: verify })) {
      rowsRead += batch.rows;
      pulled.seen(rowsRead);
      last = batch;
      yield batch;
      last = undefined;
    }
  }
  const recordOf = (row: number, cells?: () => readonly (string | null)[]) =>
    cells ? csvRecord(cells()).slice(0, -1) : last?.record(row);
  const { location, rowsWritten, bytes } = await connector.write({
    ...jobOf(delivery, tally),
    batches: counted(),
    reject: (row, reason, column, cells) => tally.reject(row, reason, column, () => recordOf(row, cells)),
    someRows: rowNumbers !== undefined,
    truncated: tally.addTruncated,
    rowsRead: () => rowsRead,
  });
  return outcome(tally, rowsRead, { location: [location], rowsWritten, bytes, crc32: pulled.crc32() });
}

/** Remembers each file that was handed out; when `write` returns, all of them are published. */
async function* remember(files: AsyncIterable<OutgoingFile>, handedOut: OutgoingFile[]) {
  for await (const file of files) {
    handedOut.push(file);
    yield file;
  }
}

async function writeFiles(
  delivery: Terms,
  connector: FileConnector,
  tally: Tally,
  files: AsyncIterable<OutgoingFile>,
): Promise<DeliveredFile[]> {
  const handedOut: OutgoingFile[] = [];
  const job = { ...jobOf(delivery, tally), files: remember(files, handedOut) };
  const published = await connector.write(job);
  return handedOut.map((file, index) => ({
    path: file.path,
    location: published[index]?.location ?? file.path,
    ...file.facts(),
  }));
}

async function* withManifest(delivery: Delivery, plan: FilePlan, files: AsyncIterable<OutgoingFile>) {
  const done: OutgoingFile[] = [];
  for await (const file of files) {
    done.push(file);
    yield file;
  }
  if (plan.manifest && delivery.part === undefined) {
    yield manifestFile(
      delivery,
      plan,
      done.map((file) => ({ path: file.path, ...file.facts() })),
    );
  }
}

async function alreadyThere(delivery: Delivery, connector: FileConnector, plan: FilePlan, tally: Tally) {
  const split = plan.splitBytes !== undefined || delivery.part !== undefined;
  const current = await connector.isCurrent?.(
    jobOf(delivery, tally),
    plan.path(split ? (delivery.part ?? 1) : undefined),
  );
  if (!current) return false;
  tally.warn('The DataSet has not changed since the file was written; nothing was sent.');
  await delivery.opened.body[Symbol.asyncIterator]().return?.();
  return true;
}

async function deliverFiles(delivery: Delivery, connector: FileConnector, tally: Tally): Promise<Delivered> {
  const plan = planFiles(delivery, connector, delivery.part !== undefined);
  if (await alreadyThere(delivery, connector, plan, tally)) return outcome(tally, 0, {});
  const isOne = plan.splitBytes === undefined;
  const pulled = pull(delivery, !isOne);
  let rowsRead = 0;
  const events: FileEvents = {
    tally,
    seen: pulled.seen,
    onEnd: async (rows) => {
      rowsRead = rows;
      await delivery.opened.verify(rows);
    },
  };
  const opened = { ...delivery.opened, body: pulled.body };
  const files = outgoingFiles({ ...delivery, opened }, plan, events);
  const written = await writeFiles(delivery, connector, tally, withManifest(delivery, plan, files));
  return outcome(tally, rowsRead, {
    location: written.map((file) => file.location),
    files: written,
    rowsWritten: rowsRead - tally.rejectedCount,
    bytes: written.reduce((sum, file) => sum + file.bytes, 0),
    crc32: isOne && written[0] ? written[0].crc32 : pulled.crc32(),
  });
}

/** Pulls an open DataSet through one connector. Throws told errors; when it throws, nothing half-written is visible. */
export async function deliver(delivery: Delivery): Promise<Delivered> {
  const { connector } = delivery;
  warnWithoutKernel(delivery.log);
  const tally = createTally(rowAllowance(delivery.details));
  try {
    const delivered =
      connector.accepts === 'file'
        ? await deliverFiles(delivery, connector, tally)
        : await deliverBatches(delivery, connector, tally);
    if (delivered.rowsRejected === 0) return delivered;
    const { id, name, columns } = delivery.opened.dataset;
    return { ...delivered, rejectedFrom: { id, name, columns } };
  } catch (error) {
    // A driver that was interrupted may tell anything; the reason of the abort is the truth.
    delivery.signal.throwIfAborted();
    throw error;
  }
}

/** Publishes the manifest of a run whose parts were delivered one by one, after all of them. */
export async function deliverManifest(
  delivery: Terms,
  files: readonly DeliveredFile[],
): Promise<DeliveredFile[]> {
  const { connector } = delivery;
  if (connector.accepts !== 'file') return [];
  const plan = planFiles(delivery, connector, true);
  if (!plan.manifest) return [];
  async function* only() {
    yield manifestFile(delivery, plan, files);
  }
  return writeFiles(delivery, connector, createTally(rowAllowance({})), only());
}
