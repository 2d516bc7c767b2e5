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
import { mergeDelivered } from './merge-delivered.ts';
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
  /** Called once, before the first row. */
  started?(dataset: Dataset, run: Run): void;
  readonly progress?: (rows: number, bytes: number) => void;
}

/**
 * A run's way: the source is described, opened and pulled through the connector; what arrived is the receipt.
 * Throws told errors; when it throws, nothing half-written is visible in the destination.
 */
export async function moveRows(work: RowsToMove): Promise<Receipt> {
  const startedAt = new Date();
  const connector = work.registry.get(work.writeback.connector);
  return withSource(work.writeback.source, work, async (source) => {
    const { run, delivered, metrics } = await deliverFrom(source, connector, work);
    return receiptOf({ run: run.id, writeback: work.writeback.name, startedAt }, delivered, metrics);
  });
}

async function deliverFrom(source: Source, connector: Connector, work: RowsToMove) {
  const { writeback, signal } = work;
  const datasetId = datasetIdOf(writeback.source);
  const dataset = await source.describe(datasetId, signal);
  const run = runOf(work, dataset);
  work.started?.(dataset, run);
  const delegated = await delegate(work, connector, source, datasetId);
  const request: OpenRequest = {
    datasetId,
    query: writeback.source.values.query,
    day: dayOf(work, connector, dataset),
    signal,
  };
  const delivered = delegated
    ? deliveredBy(delegated)
    : await deliverParts(work, { connector, run, source }, partsOf(connector, writeback, request));
  return { run, delivered, metrics: metricsOf(work, connector, run, delivered, delegated) };
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

async function delegate(work: RowsToMove, connector: Connector, source: Source, datasetId: string) {
  if (connector.accepts !== 'file') return undefined;
  const target = connector.delegate?.(work.writeback.details as never, work.writeback.credentials as never);
  return target && source.exportToS3?.(datasetId, target, work.signal);
}

function deliveredBy(delegated: DelegatedExport): Delivered {
  const rows = delegated.objects.reduce((sum, object) => sum + object.rows, 0);
  const location = delegated.objects.map((object) => object.url);
  return { ...mergeDelivered([]), location, rowsRead: rows, rowsWritten: rows };
}

function metricsOf(
  { writeback }: RowsToMove,
  connector: Connector,
  run: Run,
  { rowsWritten, bytes, location }: Delivered,
  delegated: DelegatedExport | undefined,
): Receipt['metrics'] {
  if (connector.accepts !== 'file') return undefined;
  return connector.metrics?.(writeback.details as never, {
    startedAt: run.startedAt,
    finishedAt: new Date(),
    runId: run.id,
    rows: rowsWritten,
    bytes,
    objects: location.length,
    delegated,
  });
}
