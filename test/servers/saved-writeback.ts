import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { newMasterKey } from '../../src/account/key-ring.ts';
import { sealSecrets } from '../../src/account/seal.ts';
import { createRegistry } from '../../src/connector/registry.ts';
import { connectors } from '../../src/connectors.ts';
import type { Definition } from '../../src/run/definition.ts';
import { nextDue } from '../../src/run/schedule/next-due.ts';
import { readSchedule } from '../../src/run/schedule/schedule.ts';
import { insertAccount } from '../../src/store/account.ts';
import { share } from '../../src/store/account-share.ts';
import type { Db } from '../../src/store/database.ts';
import { insertLocalDataset } from '../../src/store/local-dataset.ts';
import { newId } from '../../src/store/new-id.ts';
import { saveSchedule } from '../../src/store/schedule.ts';
import { insertWriteback } from '../../src/store/writeback.ts';
import { insertWritebackVersion } from '../../src/store/writeback-version.ts';
import { mixedColumns, mixedCsv } from '../data/mixed-rows.ts';
import { newPerson } from './store-rows.ts';

export const registry = createRegistry(connectors);
export const keyRing = [newMasterKey()] as const;

/** An account that a person owns; secrets are sealed as the service does. */
export async function newAccount(
  db: Db,
  ownerId: string,
  account: { connector: string; credentials: object; secrets?: Record<string, string> },
  ring: Parameters<typeof sealSecrets>[0] = keyRing,
): Promise<string> {
  const { connector, credentials, secrets = {} } = account;
  const id = newId('account');
  await insertAccount(db, {
    id,
    connector,
    name: `${connector} Account`,
    credentials: JSON.stringify(credentials),
    secrets: JSON.stringify(sealSecrets(ring, id, secrets)),
  });
  await share(db, { accountId: id, personId: ownerId, access: 'owner' });
  return id;
}

/** A local DataSet of a person's, its file in the data folder. Twelve columns of mixed rows, unless bytes are given. */
export async function newLocalDataset(
  db: Db,
  ownerId: string,
  dataFolder: string,
  rows: number | Buffer,
): Promise<string> {
  const bytes = typeof rows === 'number' ? Buffer.concat([...mixedCsv(rows)]) : rows;
  const id = newId('dataset');
  const file = `${id}.csv`;
  await writeFile(join(dataFolder, file), bytes);
  const columns =
    typeof rows === 'number'
      ? mixedColumns
      : bytes
          .toString()
          .split('\n', 1)[0]!
          .split(',')
          .map((name) => ({ name, type: 'STRING' }));
  const counts = { rowCount: 0, byteCount: bytes.length };
  const name = `Rows ${randomBytes(3).toString('hex')}`;
  await insertLocalDataset(db, { id, name, ownerId, columns: JSON.stringify(columns), file, ...counts });
  return id;
}

/** Saves a writeback as the API does: its first version and its schedule. */
export async function saveWriteback(db: Db, ownerId: string, definition: Definition): Promise<string> {
  const { name, connector, accountId = null, sourceAccountId = null, schedule } = definition;
  const id = newId('writeback');
  await insertWriteback(db, { id, ownerId, name, connector, accountId, sourceAccountId, version: 1 });
  await insertWritebackVersion(db, {
    writebackId: id,
    version: 1,
    definition: JSON.stringify(definition),
    changedBy: ownerId,
  });
  if (schedule) {
    const nextDueAt = nextDue(readSchedule(schedule), new Date());
    await saveSchedule(db, { writebackId: id, definition: JSON.stringify(schedule), nextDueAt });
  }
  return id;
}

/** A writeback of somebody's that writes a local DataSet as CSV into a folder. */
export async function folderWriteback(
  db: Db,
  place: { dataFolder: string; out: string; rows?: number | Buffer },
  more: Partial<Definition> = {},
) {
  const owner = await newPerson(db);
  const datasetId = await newLocalDataset(db, owner.id, place.dataFolder, place.rows ?? 100);
  const accountId = await newAccount(db, owner.id, {
    connector: 'folder',
    credentials: { folder: place.out },
  });
  const definition: Definition = {
    name: 'Rows into a folder',
    source: { kind: 'local', datasetId },
    connector: 'folder',
    accountId,
    details: { fileName: 'rows', fileFormat: 'csv' },
    ...more,
  };
  const id = await saveWriteback(db, owner.id, definition);
  return { id, ownerId: owner.id, datasetId, accountId, definition };
}
