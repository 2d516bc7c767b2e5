import type { Egress } from '../egress/egress.ts';
import type { Log } from '../log.ts';
import type { RejectedRow } from '../dataset/batch.ts';
import type { OpenDataset } from '../source/source.ts';
import type { Connector, FileFacts, Run, WritebackIdentity } from './contract.ts';

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
  /** Called often with totals so far. */
  progress?(rows: number, bytes: number): void;
}

/** What was moved. */
export interface Delivered {
  readonly location: readonly string[];
  readonly files: readonly (FileFacts & { readonly location: string })[];
  readonly rowsRead: number;
  readonly rowsWritten: number;
  readonly rowsRejected: number;
  /** Bytes sent to the destination. */
  readonly bytes: number;
  /** CRC-32: of the file when there is one, else of the canonical CSV that was read. */
  readonly crc32: string;
  /** The first 1,000 rejected rows. */
  readonly rejected: readonly RejectedRow[];
  /** Dates that lost digits below a millisecond. */
  readonly truncated: number;
  readonly warnings: readonly string[];
}

/** Pulls an open DataSet through one connector. Throws told errors; when it throws, nothing half-written is visible. */
export async function deliver(delivery: Delivery): Promise<Delivered> {
  throw new Error(`deliver is being built (${delivery.connector.id})`);
}
