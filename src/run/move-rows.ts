import { createHash } from 'node:crypto';
import type { Connector, Run } from '../connector/contract.ts';
import { type Delivered, type Delivery, deliver, deliverManifest } from '../connector/deliver.ts';
import type { Registry } from '../connector/registry.ts';
import type { Dataset } from '../dataset/dataset.ts';
import type { Egress } from '../egress/egress.ts';
import type { Log } from '../log.ts';
import { createSource, datasetIdOf } from '../source/create-source.ts';
import type { DelegatedExport, OpenRequest, Source } from '../source/source.ts';
import { dayFilter } from './day.ts';
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
  progress?(rows: number, bytes: number): void;
}

/**
 * A run's way: the source is described, opened and pulled through the connector; what arrived is the receipt.
 * Throws told errors; when it throws, nothing half-written is visible in the destination.
 */
export async function moveRows(work: RowsToMove): Promise<Receipt> {
  const { writeback, signal } = work;
  const connector = work.registry.get(writeback.connector);
  const source = createSource(writeback.source, work);
  const datasetId = datasetIdOf(writeback.source);
  const dataset = await source.describe(datasetId, signal);
  const run = runOf(work, dataset);
  work.started?.(dataset, run);
  const delegated = await delegate(work, connector, source, datasetId);
  const request: OpenRequest = { datasetId, query: writeback.source.values.query, day: dayOf(work, connector, dataset), signal };
  const delivered = delegated
    ? deliveredBy(delegated)
    : await deliverParts(work, connector, run, partsOf(connector, writeback, request), source);
  return receiptOf(headOf(writeback, run), delivered, metricsOf(work, connector, run, delivered, delegated));
}

function headOf(writeback: Writeback, run: Run) {
  return { run: run.id, writeback: writeback.name, startedAt: run.startedAt };
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

async function deliverParts(work: RowsToMove, connector: Connector, run: Run, requests: OpenRequest[], source: Source) {
  // The first part that fails ends the others: their work would be thrown away.
  const failed = new AbortController();
  const signal = AbortSignal.any([work.signal, failed.signal]);
  const passed = requests.map(() => ({ rows: 0, bytes: 0 }));
  const one = async (request: OpenRequest, index: number) => {
    const progress = (rows: number, bytes: number) => {
      passed[index] = { rows, bytes };
      const sum = (key: 'rows' | 'bytes') => passed.reduce((total, part) => total + part[key], 0);
      work.progress?.(sum('rows'), sum('bytes'));
    };
    const part = requests.length > 1 ? index + 1 : undefined;
    const opened = await source.open({ ...request, signal });
    const { writeback, egress, log } = work;
    const { credentials, details } = writeback;
    const delivery: Delivery = { connector, credentials, details, opened, run, writeback, signal, egress, log, part, progress };
    return { delivery, delivered: await deliver(delivery) };
  };
  const all = requests.map((request, index) =>
    one(request, index).catch((error: unknown) => {
      failed.abort(error);
      throw error;
    }),
  );
  const settled = await Promise.allSettled(all);
  const broken = settled.find((part) => part.status === 'rejected');
  if (broken) throw failed.signal.aborted ? failed.signal.reason : broken.reason;
  return finish(await Promise.all(all));
}

/** Several parts become one, with the manifest after all of them. */
async function finish(parts: { delivery: Delivery; delivered: Delivered }[]): Promise<Delivered> {
  const [first] = parts;
  if (!first) throw new Error('A run has at least one part.');
  if (parts.length === 1) return first.delivered;
  const merged = mergeDelivered(parts.map((part) => part.delivered));
  const manifest = await deliverManifest(first.delivery, merged.files);
  return { ...merged, location: [...merged.location, ...manifest.map((file) => file.location)], files: [...merged.files, ...manifest] };
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
