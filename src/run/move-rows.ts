import { createHash } from 'node:crypto';
import type { Connector, Run } from '../connector/contract.ts';
import { type Delivered, type Terms, deliver } from '../connector/deliver.ts';
import { beginParts } from '../connector/deliver-part.ts';
import type { Registry } from '../connector/registry.ts';
import type { Dataset } from '../dataset/dataset.ts';
import type { Egress } from '../egress/egress.ts';
import type { Log } from '../log.ts';
import { datasetIdOf, withSource } from '../source/create-source.ts';
import type { DelegatedExport, OpenRequest, Source } from '../source/source.ts';
import { dayFilter } from './day.ts';
import { dryConnector, dryDelivered } from './dry-connector.ts';
import { hideSecrets } from './hide-secrets.ts';
import { delegationOf, deliveredBy } from './delegated-export.ts';
import { asWhole, moveParts, termsOf } from './move-parts.ts';
import { moveRowsAgain } from './move-rows-again.ts';
import type { Plan } from './plan.ts';
import { type Receipt, receiptOf } from './receipt.ts';
import type { RowsAgain } from './rows-again.ts';
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
  /** In place of the DataSet: rows that an earlier run rejected. */
  readonly again?: RowsAgain | undefined;
  /** Called once, before the first row. `rows`: how many will come, when that is known. */
  started?(dataset: Dataset, run: Run, rows: number | undefined): void;
  readonly progress?: (rows: number, bytes: number) => void;
}

/** What a run did, before it is a receipt. */
interface Outcome {
  readonly run: Run;
  readonly startedAt: Date;
  readonly delivered: Delivered;
  readonly delegated?: DelegatedExport | undefined;
}

/** A run whose rows have moved, or that is to be done in parts. */
export type Begun =
  | { readonly receipt: Receipt; readonly plan?: undefined }
  | { readonly run: Run; readonly plan: Plan };

/**
 * A run's way: the source is described, opened and pulled through the connector; what arrived is the receipt.
 * Throws told errors; when it throws, nothing half-written is visible in the destination.
 */
export async function moveRows(work: RowsToMove): Promise<Receipt> {
  return withSource(work.writeback.source, work, async (source) => {
    const begun = await beginRun(work, source);
    if (!begun.plan) return begun.receipt;
    const { run, plan } = begun;
    const delivered = await moveParts(work, source, run, plan);
    return toReceipt(work, { run, startedAt: new Date(plan.startedAt), delivered });
  });
}

/** Moves all rows, unless the run can be cut into parts: then it only plans them. Throws as `moveRows` does. */
export async function beginRun(work: RowsToMove, source: Source): Promise<Begun> {
  const startedAt = new Date();
  const { writeback, signal } = work;
  const real = work.registry.get(writeback.connector);
  const connector = work.dryRun ? dryConnector(real) : real;
  hideSecrets(writeback, work.registry, work.log);
  const { again } = work;
  if (again) {
    const delivered = await moveRowsAgain(work, source, again);
    return { receipt: toReceipt(work, { run: runOf(work, again.dataset), startedAt, delivered }) };
  }
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
    return { receipt: toReceipt(work, { run, startedAt, delegated, delivered: deliveredBy(delegated) }) };
  }
  const terms = { ...termsOf(work, run, { dataset }), connector };
  const requests = await cutIntoParts(terms, source, request);
  const [first] = requests;
  if (requests.length > 1) return { run, plan: planOf(requests, { startedAt, dataset, rows }) };
  const delivered = await deliver({ ...terms, opened: asWhole(request, await source.open(first!)) });
  return { receipt: toReceipt(work, { run, startedAt, delivered }) };
}

/** One request, or as many as the connector wants ranges of its key. */
async function cutIntoParts(terms: Terms, source: Source, request: OpenRequest): Promise<OpenRequest[]> {
  const cut = terms.connector.parts?.cut(terms.details as never);
  if (!cut || !(await beginParts(terms))) return [request];
  const ranges = await source.cut(request, cut.key, cut.count);
  return ranges.map((range) => ({ ...request, range }));
}

function planOf(
  requests: readonly OpenRequest[],
  { startedAt, dataset, rows }: { startedAt: Date; dataset: Dataset; rows: number | undefined },
): Plan {
  const parts = requests.map(({ range, day }) => ({ range: range!, ...(day && { day }) }));
  return { startedAt: startedAt.toISOString(), dataset, ...(rows !== undefined && { rows }), parts };
}

/** The receipt of rows that have moved. */
export function toReceipt(work: RowsToMove, outcome: Outcome): Receipt {
  const { writeback, dryRun } = work;
  const { run, startedAt } = outcome;
  const delivered = dryRun ? dryDelivered(outcome.delivered) : outcome.delivered;
  const metrics = metricsOf(work, { ...outcome, delivered });
  return receiptOf({ run: run.id, writeback: writeback.name, startedAt }, delivered, metrics);
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

function metricsOf(
  { writeback: { details, connector: id }, registry }: RowsToMove,
  { run, startedAt, delivered, delegated }: Outcome,
): Receipt['metrics'] {
  const connector = registry.get(id);
  if (connector.accepts !== 'file') return undefined;
  const { rowsWritten: rows, bytes, location } = delivered;
  const outcome = { startedAt, finishedAt: new Date(), runId: run.id, rows, bytes, objects: location.length };
  return connector.metrics?.(details as never, { ...outcome, delegated });
}
