import type { ConnectionWork, TestStep } from '../../connector/contract.ts';
import { testSteps } from '../../connector/test-steps.ts';
import { UserError } from '../../errors.ts';
import { type DataWorldDataset, withApi } from './data-world-api.ts';
import type { DataWorldCredentials, DataWorldDetails } from './data-world-fields.ts';
import { datasetKey } from './dataset-key.ts';

type Work = ConnectionWork<DataWorldCredentials, DataWorldDetails>;

/** Throws UserError `data-world-forbidden` when the DataSet says that this user may not write. */
export function checkAccess({ owner, id, accessLevel }: DataWorldDataset): void {
  if (accessLevel === undefined || accessLevel === 'WRITE' || accessLevel === 'ADMIN') return;
  const sentence = `The owner of the API token may not write to ${owner}/${id}; the access is ${accessLevel}.`;
  throw new UserError('data-world-forbidden', sentence, {
    field: 'apiToken',
    remedy: 'Ask the owner of the data.world DataSet for the right to edit it.',
  });
}

async function connect({ credentials, egress, signal }: Work): Promise<string> {
  const { hostname, port, protocol } = new URL(credentials.apiUrl);
  const number = Number(port) || (protocol === 'https:' ? 443 : 80);
  const socket = await egress.connect({ host: hostname.replace(/^\[|\]$/g, ''), port: number, signal });
  const address = socket.remoteAddress ?? hostname;
  socket.destroy();
  return `${hostname}:${number} answers at ${address}.`;
}

/** The steps of a connection test. Nothing is written: the DataSet itself tells what the token's owner may do. */
export function testConnection(work: Work): AsyncIterable<TestStep> {
  const look = () => withApi(work, (api) => api.dataset(datasetKey(work.details)));
  return testSteps({
    connect: () => connect(work),
    'sign in': async () => {
      const { displayName, id } = await withApi(work, (api) => api.user());
      return `Signed in as ${displayName ?? id ?? 'the owner of the token'}.`;
    },
    DataSet: async () => {
      const { owner, id, title = '', files = [] } = await look();
      return `${owner}/${id} ${title === '' ? '' : `("${title}") `}has ${files.length} files.`;
    },
    permission: async () => {
      const dataset = await look();
      checkAccess(dataset);
      return `The access is ${dataset.accessLevel ?? 'not told'}.`;
    },
  });
}
