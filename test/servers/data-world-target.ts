import type { ConformanceTarget } from '../../src/connector/conformance.ts';
import { dataWorldConnector } from '../../src/destination/data-world/data-world.ts';
import { canonicalRows } from './canonical-rows.ts';
import { type DataWorldOptions, type DataWorldStandIn, startDataWorld } from './data-world-stand-in.ts';

/** Reads a file back over HTTP, as any client would. */
async function download(server: DataWorldStandIn, name: string): Promise<Buffer | undefined> {
  const url = `http://${server.host}:${server.port}/file_download/tester/sandbox/${name}`;
  const response = await fetch(url, {
    headers: { authorization: `Bearer ${server.token}`, connection: 'close' },
  });
  const body = Buffer.from(await response.arrayBuffer());
  if (response.status === 404) return undefined;
  if (!response.ok) throw new Error(`${response.status}: ${body.toString()}`);
  return body;
}

/** A stand-in of data.world with one empty DataSet, as a target. */
export async function dataWorldTarget(
  options: DataWorldOptions = {},
): Promise<ConformanceTarget & { readonly server: DataWorldStandIn }> {
  const server = await startDataWorld(options);
  const credentials = { apiToken: server.token, apiUrl: server.url };
  return {
    connector: dataWorldConnector,
    server,
    credentials,
    details: { dataWorldDataset: 'tester/sandbox', fileName: 'rows' },
    endpoint: { host: server.host, port: server.port },
    via: (host, port) => ({ ...credentials, apiUrl: `http://${host}:${port}/v0` }),
    refused: { ...credentials, apiToken: 'another-token-456' },
    secrets: [server.token, 'another-token-456'],
    async stored() {
      await server.settled();
      const bytes = await download(server, 'rows.csv');
      return bytes && canonicalRows(bytes);
    },
    async leftovers() {
      const names = [...server.dataset('tester/sandbox').files.keys()].filter((name) => name !== 'rows.csv');
      return server.openUploads > 0 ? [...names, 'an open upload'] : names;
    },
    close: () => server.stop(),
  };
}
