import type { Connector, Run } from '../connector/contract.ts';
import { type Delivered, type Delivery, deliver, deliverManifest } from '../connector/deliver.ts';
import { type RowAllowance, rowAllowance } from '../connector/tally.ts';
import { datasetIdOf } from '../source/create-source.ts';
import type { OpenDataset, OpenRequest, Source } from '../source/source.ts';
import { mergeDelivered } from './merge-delivered.ts';
import type { RowsToMove } from './move-rows.ts';
import { createRowTotal } from './row-total.ts';

/** What all parts of a run share. */
interface Shared {
  readonly connector: Connector;
  readonly run: Run;
  readonly source: Source;
}

interface Part {
  readonly delivery: Delivery;
  readonly delivered: Delivered;
}

/** Adds up what the parts report, each its own totals. */
function summed({ progress }: RowsToMove, parts: number) {
  const passed = Array.from({ length: parts }, () => ({ rows: 0, bytes: 0 }));
  const sum = (key: 'rows' | 'bytes') => passed.reduce((total, part) => total + part[key], 0);
  return (index: number) => (rows: number, bytes: number) => {
    passed[index] = { rows, bytes };
    progress?.(sum('rows'), sum('bytes'));
  };
}

/** How the parts stand together. */
interface Together extends Shared {
  readonly parts: number;
  readonly signal: AbortSignal;
  readonly allow: RowAllowance;
  readonly progressOf: ReturnType<typeof summed>;
  readonly arrive: ReturnType<typeof createRowTotal>;
}

/** What a query gives is not the DataSet's state: by its time alone nobody can tell that nothing has changed. */
function asWhole({ query }: OpenRequest, opened: OpenDataset): OpenDataset {
  if (query === undefined) return opened;
  const { updatedAt: _, ...dataset } = opened.dataset;
  return { ...opened, dataset };
}

async function deliverPart(
  { writeback, egress, log }: RowsToMove,
  { connector, run, source, parts, signal, allow, progressOf, arrive }: Together,
  request: OpenRequest,
  index: number,
): Promise<Part> {
  const opened = asWhole(request, await source.open({ ...request, signal }));
  const verify = async (rows: number) => {
    await opened.verify(rows);
    if (request.split) await arrive(index, rows);
  };
  const { credentials, details } = writeback;
  const delivery: Delivery = {
    connector,
    credentials,
    details,
    run,
    writeback,
    signal,
    egress,
    log,
    allow,
    opened: { ...opened, verify },
    part: parts > 1 ? index + 1 : undefined,
    progress: progressOf(index),
  };
  const delivered = await deliver(delivery);
  void arrive(index, undefined);
  return { delivery, delivered };
}

/**
 * Delivers each request, all at the same time, and then the manifest, if one is wanted. No part publishes before all have
 * read their rows, `rows` together when that is known. The first part that fails ends the others: their work would be thrown
 * away. Its error is the run's.
 */
export async function deliverParts(
  work: RowsToMove,
  shared: Shared,
  requests: readonly OpenRequest[],
  rows: number | undefined,
): Promise<Delivered> {
  const failed = new AbortController();
  const signal = AbortSignal.any([work.signal, failed.signal]);
  const parts = requests.length;
  const { source } = shared;
  const rowsNow = async () => (await source.describe(datasetIdOf(work.writeback.source), signal)).rows;
  const together: Together = {
    ...shared,
    parts,
    signal,
    allow: rowAllowance(work.writeback.details),
    progressOf: summed(work, parts),
    arrive: createRowTotal({ parts, rows, rowsNow, kind: source.kind, signal }),
  };
  const all = requests.map((request, index) =>
    deliverPart(work, together, request, index).catch((error: unknown) => {
      failed.abort(error);
      throw error;
    }),
  );
  // Every part has cleaned up before the error is told.
  await Promise.allSettled(all);
  if (failed.signal.aborted) throw failed.signal.reason;
  return finish(await Promise.all(all));
}

/** Several parts become one, with the manifest after all of them. */
async function finish(parts: readonly Part[]): Promise<Delivered> {
  const [first] = parts;
  if (!first) throw new Error('A run has at least one part.');
  if (parts.length === 1) return first.delivered;
  const merged = mergeDelivered(parts.map((part) => part.delivered));
  const manifest = await deliverManifest(first.delivery, merged.files);
  const location = [...merged.location, ...manifest.map((file) => file.location)];
  return { ...merged, location, files: [...merged.files, ...manifest] };
}
