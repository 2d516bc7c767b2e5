import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConformanceTarget } from '../../src/connector/conformance.ts';
import { folderConnector } from '../../src/destination/folder/folder.ts';
import { canonicalRows } from './canonical-rows.ts';

/** A new folder under the system's temporary one, as a target; files are read back with another CSV parser than ours. */
export async function folderTarget(): Promise<ConformanceTarget & { readonly folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'writeback-folder-'));
  const names = () => readdir(folder, { recursive: true });
  const credentials = { folder };
  return {
    connector: folderConnector,
    folder,
    credentials,
    details: { path: 'in/here', fileName: 'rows' },
    endpoint: { host: '127.0.0.1', port: 0 },
    via: () => credentials,
    secrets: [],
    async stored() {
      const name = (await names()).find((name) => /(^|\/)[^./][^/]*\.csv$/.test(name));
      return name === undefined ? undefined : canonicalRows(await readFile(join(folder, name)));
    },
    leftovers: async () => (await names()).filter((name) => /(^|\/)\.[^/]*$/.test(name)),
    close: () => rm(folder, { recursive: true }),
  };
}
