import { randomUUID } from 'node:crypto';
import { rm, statfs } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import {
  type ConnectionWork,
  type FileJob,
  type PublishedFile,
  defineConnector,
} from '../../connector/contract.ts';
import { testSteps } from '../../connector/test-steps.ts';
import type { Values } from '../../field/field.ts';
import { explain } from './explain.ts';
import { folderCredentials, folderDetails } from './folder-fields.ts';
import { type FolderRoots, nearestExisting, openFolder, placeInside, requireRoot } from './jail.ts';
import { publishFile } from './publish-file.ts';

type Credentials = typeof folderCredentials;
type Details = typeof folderDetails;

async function told<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw explain(error, path);
  }
}

async function write(
  job: FileJob<Credentials, Details>,
  roots: FolderRoots,
): Promise<readonly PublishedFile[]> {
  const { folder } = job.credentials;
  const root = await told(folder, () => openFolder(folder, roots));
  const published: PublishedFile[] = [];
  for await (const file of job.files) {
    const place = await told(file.path, () => placeInside(root, file.path));
    await told(place, () => publishFile(place, job.writeback.id, file.body, job.signal));
    published.push({ location: place });
  }
  return published;
}

async function* oneByte() {
  yield Buffer.from('\n');
}

/** Writes and removes a file in the folder, or, if it is still missing, where it will be made. */
async function probe(directory: string, signal: AbortSignal): Promise<string> {
  const place = join(directory, `.writeback-probe-${randomUUID()}`);
  try {
    await publishFile(place, 'probe', oneByte(), signal);
  } finally {
    await rm(place, { force: true });
  }
  const { bavail, bsize } = await statfs(directory);
  return `A file was written and removed; ${Math.floor((bavail * bsize) / 1e6).toLocaleString('en')} MB are free.`;
}

function testConnection({ credentials, signal }: ConnectionWork<Credentials, Details>, roots: FolderRoots) {
  const folder = resolve(credentials.folder);
  let existing = folder;
  return testSteps({
    folder: () =>
      told(folder, async () => {
        await requireRoot(folder, roots);
        existing = await nearestExisting(folder);
        return existing === folder
          ? folder
          : `${folder}, by way of ${existing}; what is missing will be made.`;
      }),
    'write probe': () => told(existing, () => probe(existing, signal)),
  });
}

function fileName({ path = '', fileName: name }: Values<Details>): string {
  return [...path.split('/').filter((part) => part !== ''), name].join('/');
}

/** A directory of this machine; in a service only below the operator's roots. */
export const createFolderConnector = (roots: FolderRoots) =>
  defineConnector({
    id: 'folder',
    name: 'Folder',
    summary: 'Writes a DataSet as a file into a directory of this machine.',
    icon: '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="currentColor"><path d="M2 6a2 2 0 0 1 2-2h5l2 2h9a2 2 0 0 1 2 2v10a2 2 0 0 1-2 2H4a2 2 0 0 1-2-2z"/></svg>',
    credentials: folderCredentials,
    details: folderDetails,
    accepts: 'file',
    fileName,
    write: (job) => write(job, roots),
    testConnection: (work) => testConnection(work, roots),
  });

/** As it is on the command line: it reaches what the person reaches. */
export const folderConnector = createFolderConnector(undefined);
