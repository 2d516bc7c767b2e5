import { setTimeout as sleep } from 'node:timers/promises';
import { TemporaryError } from '../../errors.ts';
import type { DataWorldApi, DataWorldDataset, DataWorldFile } from './data-world-api.ts';
import type { DatasetKey } from './dataset-key.ts';

/** A file that was uploaded, and how it was listed before. */
export interface Upload {
  readonly name: string;
  readonly bytes: number;
  readonly before: DataWorldFile | undefined;
}

/** Milliseconds. data.world: "large files can take a few minutes". */
const firstDelay = 100;
const longestDelay = 10_000;
const patience = 15 * 60_000;

/** True when the DataSet lists the file as it was sent now, and has done with it. Throws TemporaryError when it failed. */
function isLoaded({ status, files = [] }: DataWorldDataset, upload: Upload): boolean {
  const file = files.find(({ name }) => name === upload.name);
  const arrived =
    file !== undefined &&
    (upload.before === undefined || file.updated !== upload.before.updated) &&
    (file.sizeInBytes === undefined || file.sizeInBytes === upload.bytes);
  if (arrived && status === 'SYSTEMERROR') {
    throw new TemporaryError(
      'data-world-processing-failed',
      `data.world took ${upload.name} but failed to process it.`,
      {
        remedy: 'Look at the file on data.world; if its page shows no reason, try again later.',
      },
    );
  }
  return arrived && status === 'LOADED';
}

/** An upload is accepted first and processed later: waits until it is. Throws TemporaryError `data-world-not-loaded`. */
export async function awaitLoaded(
  api: DataWorldApi,
  key: DatasetKey,
  upload: Upload,
  signal: AbortSignal,
): Promise<void> {
  const end = performance.now() + patience;
  for (let delay = firstDelay; ; delay = Math.min(delay * 1.6, longestDelay)) {
    if (isLoaded(await api.dataset(key), upload)) return;
    if (performance.now() > end) {
      const sentence = `data.world has not loaded ${upload.name} within ${patience / 60_000} minutes.`;
      throw new TemporaryError('data-world-not-loaded', sentence, {
        remedy: 'Look at the file on data.world.',
      });
    }
    await sleep(delay, undefined, { signal });
  }
}
