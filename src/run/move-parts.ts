import type { Run } from '../connector/contract.ts';
import type { Delivered } from '../connector/deliver.ts';
import { type DeliveredPart, deliverPart, discardParts, publishParts } from '../connector/deliver-part.ts';
import type { Dataset } from '../dataset/dataset.ts';
import { datasetIdOf } from '../source/create-source.ts';
import type { OpenDataset, OpenRequest, Source } from '../source/source.ts';
import type { RowsToMove } from './move-rows.ts';
import type { DoneParts, Plan, PlanHead, PlannedPart } from './plan.ts';
import { checkTotal } from './row-total.ts';

/** Milliseconds for removing what is not published: the run's own signal may have ended already. */
const discardTimeout = 10_000;

/** What a query gives is not the DataSet's state: by its time alone nobody can tell that nothing has changed. */
export function asWhole({ query }: OpenRequest, opened: OpenDataset): OpenDataset {
  if (query === undefined) return opened;
  const { updatedAt: _, ...dataset } = opened.dataset;
  return { ...opened, dataset };
}

/** All that a delivery of this run shares with every other one. */
export function termsOf<T>(work: RowsToMove, run: Run, opened: T) {
  const { writeback, registry, egress, log, signal, progress } = work;
  const { credentials, details } = writeback;
  const connector = registry.get(writeback.connector);
  const terms = { connector, credentials, details, run, writeback, signal, egress, log, opened };
  return { ...terms, ...(progress && { progress }) };
}

/** Moves the rows of one part, which nobody sees yet. */
export async function movePart(
  work: RowsToMove,
  source: Source,
  run: Run,
  { number, attempt, ...rows }: PlannedPart,
): Promise<DeliveredPart> {
  const { writeback, signal } = work;
  const request = {
    datasetId: datasetIdOf(writeback.source),
    query: writeback.source.values.query,
    ...rows,
    signal,
  };
  const opened = asWhole(request, await source.open(request));
  return deliverPart(termsOf(work, run, opened), { number, attempt });
}

/** The DataSet as the first part found it: the columns of a query are known only then. */
const datasetOf = ({ dataset }: PlanHead, [first]: DoneParts): { dataset: Dataset } => ({
  dataset: first?.dataset ?? dataset,
});

/** Publishes all parts, if together they are what the source states; the same again when it is called again. */
export async function publishRun(
  work: RowsToMove,
  source: Source,
  run: Run,
  plan: PlanHead,
  parts: DoneParts,
): Promise<Delivered> {
  await checkTotal(work, source, plan, parts);
  return publishParts(termsOf(work, run, datasetOf(plan, parts)), parts);
}

/** Removes what is there of a run that failed. What cannot be removed now, the next run removes. */
export async function discardRun(
  work: RowsToMove,
  run: Run,
  plan: PlanHead,
  parts: DoneParts,
): Promise<void> {
  const terms = termsOf(
    { ...work, signal: AbortSignal.timeout(discardTimeout) },
    run,
    datasetOf(plan, parts),
  );
  try {
    await discardParts(terms, parts);
  } catch (error) {
    work.log.warn('What the parts have written could not be removed.', { error: String(error) });
  }
}

/** Adds up what the parts report, each its own totals. */
function summed(progress: RowsToMove['progress']) {
  const passed = new Map<number, readonly [rows: number, bytes: number]>();
  const sum = (of: 0 | 1) => [...passed.values()].reduce((total, part) => total + part[of], 0);
  return (part: number) => (rows: number, bytes: number) => {
    passed.set(part, [rows, bytes]);
    progress?.(sum(0), sum(1));
  };
}

/**
 * Does all parts of a plan here, at the same time, and publishes them. The first part that fails ends the others: their work
 * would be thrown away. Its error is the run's.
 */
export async function moveParts(work: RowsToMove, source: Source, run: Run, plan: Plan): Promise<Delivered> {
  const failed = new AbortController();
  const signal = AbortSignal.any([work.signal, failed.signal]);
  const progressOf = summed(work.progress);
  const done: DeliveredPart[] = [];
  const all = plan.parts.map(async (rows, index) => {
    const number = index + 1;
    const part = { ...rows, number, attempt: '1' };
    try {
      done[index] = await movePart({ ...work, signal, progress: progressOf(number) }, source, run, part);
    } catch (error) {
      failed.abort(error);
    }
  });
  try {
    // Every part has cleaned up before the error is told.
    await Promise.all(all);
    signal.throwIfAborted();
    return await publishRun(work, source, run, plan, done);
  } catch (error) {
    await discardRun(work, run, plan, done.filter(Boolean));
    throw error;
  }
}
