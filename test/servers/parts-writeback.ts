import { canonicalRows } from './canonical-rows.ts';
import type { Db } from '../../src/store/database.ts';
import type { Definition } from '../../src/run/definition.ts';
import { newAccount, newLocalDataset, saveWriteback } from './saved-writeback.ts';
import { newPerson } from './store-rows.ts';
import type { S3StandIn } from './s3-stand-in.ts';

/** Rows with keys that are not in order. */
export const keyedRows = (count: number) =>
  Array.from({ length: count }, (_, index) => [`${(index * 7) % count}`, `name ${index}`]);

/** A writeback of somebody's that cuts a local DataSet into parts and writes them into a bucket, below a path of its own. */
export async function partsWriteback(
  db: Db,
  server: S3StandIn,
  place: { dataFolder: string; path: string; rows: number },
  { details, ...more }: Partial<Definition> = {},
): Promise<string> {
  const owner = await newPerson(db);
  const lines = keyedRows(place.rows).map((cells) => cells.join(','));
  const csv = Buffer.from(`id,name\n${lines.join('\n')}\n`);
  const datasetId = await newLocalDataset(db, owner.id, place.dataFolder, csv);
  const { endpoint, accessKey, secretKey: secret, bucket, region } = server;
  const accountId = await newAccount(db, owner.id, {
    connector: 's3-unload',
    credentials: { accessKey, bucket, region, endpoint, pathStyle: true },
    secrets: { secretKey: secret },
  });
  return saveWriteback(db, owner.id, {
    name: 'Parts into a bucket',
    source: { kind: 'local', datasetId },
    connector: 's3-unload',
    accountId,
    details: { path: place.path, fileName: 'rows', primaryKey: 'id', parts: 6, manifest: true, ...details },
    ...more,
  });
}

/** What lies below a path: the rows of all data files, sorted, and the names of all objects. */
export function unloaded(server: S3StandIn, path: string) {
  const found = [...server.objects()].filter(([key]) => key.startsWith(`${path}/`));
  const names = found.map(([key]) => key.slice(path.length + 1)).toSorted();
  const rows = found.flatMap(([key, { bytes }]) => (key.endsWith('.csv') ? canonicalRows(bytes) : []));
  return { names, rows: sorted(rows) };
}

/** Rows in an order of their own. */
export const sorted = (rows: readonly (readonly unknown[])[]) =>
  rows.map((cells) => JSON.stringify(cells)).toSorted();
