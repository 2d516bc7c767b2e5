import { createHash } from 'node:crypto';
import type { Connector, Run } from '../connector/contract.ts';
import type { Delivered } from '../connector/deliver.ts';
import type { Registry } from '../connector/registry.ts';
import type { Dataset } from '../dataset/dataset.ts';
import type { Egress } from '../egress/egress.ts';
import type { Log } from '../log.ts';
import { datasetIdOf, withSource } from '../source/create-source.ts';
import type { DelegatedExport, OpenRequest, Source } from '../source/source.ts';
import { dayFilter } from './day.ts';
import { deliverParts } from './deliver-parts.ts';
import { dryConnector, dryDelivered } from './dry-connector.ts';
import { hideSecrets } from './hide-secrets.ts';
import { delegationOf, deliveredBy } from './delegated-export.ts';
import { type Receipt, receiptOf } from './receipt.ts';
import type { Writeback } from './writeback.ts';

/** One run to do, with all that it may use. */
export interface RowsToMove {
  readonly writeback: Writeback;
  readonly registry: Registry;
  /** What the caller knows of the run; the rest is derived from the DataSet's state (`runOf`). */
  readonly run: { readonly id?: string | undefined; readonly number: number; readonly startedAt: Date };
  readonly egress: Egress;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Reads and encodes everything, and writes nothing. */
  readonly dryRun?: boolean | undefined;
  /** Called once, before the first row. `rows`: how many will come, when that is known. */
  started?(dataset: Dataset, run: Run, rows: number | undefined): void;
  readonly progress?: (rows: number, bytes: number) => void;
}

/** What a run did, before it is a receipt. */
interface Outcome {
  readonly run: Run;
  readonly delivered: Delivered;
  readonly delegated?: DelegatedExport | undefined;
}

/**
 * A run's way: the source is described, opened and pulled through the connector; what arrived is the receipt.
 * Throws told errors; when it throws, nothing half-written is visible in the destination.
 */
export async function moveRows(work: RowsToMove): Promise<Receipt> {
  const startedAt = new Date();
  const real = work.registry.get(work.writeback.connector);
  const connector = work.dryRun ? dryConnector(real) : real;
  hideSecrets(work.writeback, work.registry, work.log);
  return withSource(work.writeback.source, work, async (source) => {
    const { run, delegated, ...moved } = await deliverFrom(source, connector, work);
    const delivered = work.dryRun ? dryDelivered(moved.delivered) : moved.delivered;
    const metrics = metricsOf(work.writeback, connector, { run, startedAt, delivered, delegated });
    return receiptOf({ run: run.id, writeback: work.writeback.name, startedAt }, delivered, metrics);
  });
}

async function deliverFrom(source: Source, connector: Connector, work: RowsToMove): Promise<Outcome> {
  const { writeback, signal } = work;
  const datasetId = datasetIdOf(writeback.source);
  const delegate = delegationOf(writeback, connector, source);
  const dataset = await source.describe(datasetId, signal);
  const run = runOf(work, dataset);
  const { query } = writeback.source.values;
  const request: OpenRequest = { datasetId, query, day: dayOf(work, connector, dataset), signal };
  const rows = request.query === undefined && request.day === undefined ? dataset.rows : undefined;
  work.started?.(dataset, run, rows);
  if (delegate) {
    const delegated = await delegate(signal);
    return { run, delegated, delivered: deliveredBy(delegated) };
  }
  const requests = partsOf(connector, writeback, request);
  return { run, delivered: await deliverParts(work, { connector, run, source }, requests, rows) };
}

/**
 * Without an id of the caller's, a run is named by what it moves: the same writeback and the same state of the DataSet are
 * the same run, so that typing the command again changes nothing, whether the first try succeeded, failed or was killed.
 */
function runOf({ writeback, run }: RowsToMove, dataset: Dataset): Run {
  const { query } = writeback.source.values;
  const state = [writeback.id, writeback.details, query, dataset.id, dataset.updatedAt, run.number];
  const derived = createHash('sha256').update(JSON.stringify(state)).digest('hex').slice(0, 16);
  return { id: run.id ?? derived, number: run.number, startedAt: run.startedAt };
}

function dayOf({ writeback, run }: RowsToMove, connector: Connector, dataset: Dataset) {
  if (connector.accepts !== 'file') return undefined;
  const day = connector.day?.(writeback.details as never);
  return day && dayFilter(dataset.columns, day, run.startedAt, writeback.timeZone);
}

/** One request, or as many as the connector wants ranges of its key. */
function partsOf(connector: Connector, writeback: Writeback, request: OpenRequest): OpenRequest[] {
  const parts = connector.accepts === 'file' ? connector.parts?.(writeback.details as never) : undefined;
  if (!parts) return [request];
  const { key, count } = parts;
  return Array.from({ length: count }, (_, index) => ({ ...request, split: { key, index, of: count } }));
}

function metricsOf(
  { details }: Writeback,
  connector: Connector,
  { run, startedAt, delivered, delegated }: Outcome & { readonly startedAt: Date },
): Receipt['metrics'] {
  if (connector.accepts !== 'file') return undefined;
  const { rowsWritten: rows, bytes, location } = delivered;
  const outcome = { startedAt, finishedAt: new Date(), runId: run.id, rows, bytes, objects: location.length };
  return connector.metrics?.(details as never, { ...outcome, delegated });
}
