import type { Connector, Run } from '../connector/contract.ts';
import { type Delivered, type Delivery, deliver, deliverManifest } from '../connector/deliver.ts';
import type { OpenRequest, Source } from '../source/source.ts';
import { mergeDelivered } from './merge-delivered.ts';
import type { RowsToMove } from './move-rows.ts';

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

/**
 * Delivers each request, all at the same time, and then the manifest, if one is wanted.
 * The first part that fails ends the others: their work would be thrown away. Its error is the run's.
 */
export async function deliverParts(
  work: RowsToMove,
  shared: Shared,
  requests: readonly OpenRequest[],
): Promise<Delivered> {
  const failed = new AbortController();
  const signal = AbortSignal.any([work.signal, failed.signal]);
  const progressOf = summed(work, requests.length);
  const one = async (request: OpenRequest, index: number): Promise<Part> => {
    const { writeback, egress, log } = work;
    const { credentials, details } = writeback;
    const opened = await shared.source.open({ ...request, signal });
    const part = requests.length > 1 ? index + 1 : undefined;
    const own = { opened, part, progress: progressOf(index), signal };
    const delivery: Delivery = { ...shared, ...own, credentials, details, writeback, egress, log };
    return { delivery, delivered: await deliver(delivery) };
  };
  const all = requests.map((request, index) =>
    one(request, index).catch((error: unknown) => {
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
