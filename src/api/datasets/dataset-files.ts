import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { datasetFiles } from '../../contract/datasets.ts';
import type { Upload } from '../../contract/endpoint.ts';
import { TemporaryError } from '../../errors.ts';
import type { Db } from '../../store/database.ts';
import { listLocalDatasets } from '../../store/local-dataset.ts';
import { Refusal } from '../problem.ts';

/** Where files of local DataSets lie, and how large one may be. */
export interface DatasetFolder {
  readonly dataFolder: string;
  /** Bytes of one upload. */
  readonly uploadLimit: number;
}

/** Below the data folder. */
const folder = 'datasets';

/** The local source knows a format by its extension. */
const extensions: Readonly<Record<string, string>> = {
  'text/csv': 'csv',
  'text/tab-separated-values': 'tsv',
  'application/jsonl': 'jsonl',
  'application/x-ndjson': 'jsonl',
  'application/vnd.apache.parquet': 'parquet',
} satisfies Record<(typeof datasetFiles)[number], string>;

async function* limited(bytes: AsyncIterable<Uint8Array>, limit: number): AsyncGenerator<Uint8Array> {
  let total = 0;
  for await (const chunk of bytes) {
    total += chunk.length;
    if (total > limit)
      throw new Refusal(413, 'dataset-too-large', `A file may have ${limit} bytes here, and no more.`);
    yield chunk;
  }
}

function explain(error: unknown): unknown {
  const { code = '' } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC')
    return new TemporaryError('dataset-disk-full', 'The disk of the data folder is full.', { cause: error });
  if (/^(ECONNRESET|ABORT_ERR|ERR_STREAM_PREMATURE_CLOSE)$/.test(code))
    return new Refusal(400, 'dataset-upload-broken', 'The upload broke off; nothing was saved.');
  return error;
}

/**
 * Keeps an upload under a name that nobody can guess or choose; gives that name, relative to the data folder. Until a row of
 * the database names it, it is nobody's. Throws Refusal 413 and 400, TemporaryError `dataset-disk-full`.
 */
export async function receiveFile(
  { type, bytes }: Upload,
  { dataFolder, uploadLimit }: DatasetFolder,
): Promise<string> {
  await mkdir(join(dataFolder, folder), { recursive: true, mode: 0o700 });
  const file = join(folder, `${randomBytes(16).toString('hex')}.${extensions[type]}`);
  const path = join(dataFolder, file);
  try {
    await pipeline(
      limited(bytes, uploadLimit),
      createWriteStream(path, { flags: 'wx', mode: 0o600, flush: true }),
    );
    return file;
  } catch (error) {
    await rm(path, { force: true });
    throw explain(error);
  }
}

/** Longer than any upload takes, or any run that reads a file which was replaced. Milliseconds. */
const unclaimedLife = 48 * 3_600_000;

/** Removes what no DataSet names any more: files that were replaced two days ago, and uploads that broke off with the process. */
export async function sweepDatasetFiles(db: Db, dataFolder: string): Promise<void> {
  const names = await readdir(join(dataFolder, folder)).catch(() => []);
  const known = new Set((await listLocalDatasets(db)).map(({ file }) => file));
  for (const name of names) {
    const path = join(dataFolder, folder, name);
    const changed = await stat(path).catch(() => undefined);
    const isOld = changed !== undefined && Date.now() - changed.ctimeMs > unclaimedLife;
    if (isOld && !known.has(join(folder, name))) await rm(path, { force: true });
  }
}
