import {
  type ConnectionWork,
  type FileJob,
  type Option,
  type OutgoingFile,
  type PublishedFile,
  defineConnector,
} from '../../connector/contract.ts';
import { UserError } from '../../errors.ts';
import type { Values } from '../../field/field.ts';
import { awaitLoaded } from './await-loaded.ts';
import { type DataWorldApi, withApi } from './data-world-api.ts';
import {
  type DataWorldCredentials,
  type DataWorldDetails,
  dataWorldCredentials,
  dataWorldDetails,
} from './data-world-fields.ts';
import { type DatasetKey, datasetKey } from './dataset-key.ts';
import { checkFileName, fileNameTemplate } from './file-name.ts';
import { checkAccess, testConnection } from './test-connection.ts';

type Work = ConnectionWork<DataWorldCredentials, DataWorldDetails>;
type Job = FileJob<DataWorldCredentials, DataWorldDetails>;

/** A token must not travel in the clear, except to this very machine. */
function check({ apiUrl }: Values<DataWorldCredentials>, details: Values<DataWorldDetails>): void {
  datasetKey(details);
  checkFileName(fileNameTemplate(details), details);
  const url = URL.parse(apiUrl);
  if (url?.protocol === 'https:') return;
  if (url?.protocol === 'http:' && /^(localhost|127\.[\d.]+|\[::1\])$/.test(url.hostname)) return;
  throw new UserError('data-world-api-url', `"${apiUrl}" is not an address that begins with https://.`, {
    field: 'apiUrl',
    remedy: 'Leave it empty, or give the https:// address of the API.',
  });
}

/** PUT overwrites, and data.world drops an upload that breaks off: once or twice is the same. */
async function publish(
  api: DataWorldApi,
  key: DatasetKey,
  file: OutgoingFile,
  job: Job,
): Promise<PublishedFile> {
  checkFileName(file.path, job.details);
  const dataset = await api.dataset(key);
  checkAccess(dataset);
  const before = dataset.files?.find(({ name }) => name === file.path);
  await api.upload(key, file.path, file.body);
  const { bytes } = file.facts();
  await awaitLoaded(api, key, { name: file.path, bytes, before }, job.signal);
  const page = `https://data.world/${key.owner}/${key.id}/workspace/file`;
  return { location: `${page}?filename=${encodeURIComponent(file.path)}` };
}

function write(job: Job): Promise<readonly PublishedFile[]> {
  const key = datasetKey(job.details);
  return withApi(job, async (api) => {
    const published: PublishedFile[] = [];
    for await (const file of job.files) published.push(await publish(api, key, file, job));
    return published;
  });
}

/** The user's own DataSets and those they contribute to; those they may only read are left out. */
function datasetOptions(work: Work): Promise<readonly Option[]> {
  return withApi(work, async (api) => {
    const found = new Map<string, Option>();
    for (const kind of ['own', 'contributing'] as const) {
      for await (const { owner, id, title, accessLevel = 'WRITE' } of api.datasets(kind)) {
        const value = `${owner}/${id}`;
        if (['WRITE', 'ADMIN'].includes(accessLevel))
          found.set(value, { value, label: `${title ?? id} (${value})` });
      }
    }
    return [...found.values()];
  });
}

function fileOptions(work: Work): Promise<readonly Option[]> {
  return withApi(work, async (api) => {
    const { files = [] } = await api.dataset(datasetKey(work.details));
    return files.map(({ name }) => ({ value: name, label: name }));
  });
}

/** A file of a data.world DataSet. */
export const dataWorldConnector = defineConnector({
  id: 'data-world',
  name: 'data.world',
  summary: 'Writes a DataSet as a file of a data.world DataSet.',
  icon: '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2"><circle cx="12" cy="12" r="9"/><path d="M3 12h18M12 3c3 3 3 15 0 18M12 3c-3 3-3 15 0 18"/></svg>',
  credentials: dataWorldCredentials,
  details: dataWorldDetails,
  accepts: 'file',
  // data.world ignores lines of CSV and TSV files that begin with "#" (docs.data.world, supported file types).
  guardFirstHash: true,
  check,
  fileName: fileNameTemplate,
  write,
  testConnection,
  options: { dataWorldDataset: datasetOptions, files: fileOptions },
});
