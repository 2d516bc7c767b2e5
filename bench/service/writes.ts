// Large writes through the service, to an S3 that keeps nothing.
import { link } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Run } from '../../src/store/run.ts';
import { findRun } from '../../src/store/run.ts';
import { insertLocalDataset } from '../../src/store/local-dataset.ts';
import { newId } from '../../src/store/new-id.ts';
import { mixedColumns } from '../../test/data/mixed-rows.ts';
import { newAccount, saveWriteback } from '../../test/servers/saved-writeback.ts';
import type { Data } from '../data.ts';
import { benchSecret } from '../far/far.ts';
import type { Far } from '../rig.ts';
import type { Place } from './data-place.ts';

/** The bucket of the far end as credentials, without the secret; what `writeback run` is given too. */
export const credentialsOf = ({ port }: Pick<Far, 'port'>) => ({
  accessKey: 'BENCHBENCHBENCHBENCH',
  bucket: 'bench',
  region: 'eu-west-1',
  endpoint: `http://localhost:${port}`,
  pathStyle: true,
});

/** Saves a writeback of the file to S3; gives its id. */
export async function saveWrite(place: Place, data: Data, far: Far): Promise<string> {
  const { db, ownerId, folder } = place;
  const datasetId = newId('dataset');
  const file = `${datasetId}.csv`;
  await link(data.csv, join(folder, file));
  const columns = JSON.stringify(mixedColumns);
  const counts = { rowCount: data.rows, byteCount: data.bytes };
  await insertLocalDataset(db, {
    id: datasetId,
    name: `Rows ${datasetId}`,
    ownerId,
    columns,
    file,
    ...counts,
  });
  const credentials = credentialsOf(far);
  const secrets = { secretKey: benchSecret };
  const accountId = await newAccount(db, ownerId, { connector: 's3-unload', credentials, secrets });
  const details = { path: 'bench', fileName: datasetId };
  const source = { kind: 'local', datasetId };
  return saveWriteback(db, ownerId, { name: 'Large', source, connector: 's3-unload', accountId, details });
}

/** Asks the API for a run; gives its id. */
export async function runNow(url: string, { headers }: Place, writebackId: string): Promise<string> {
  const answer = await fetch(`${url}/api/writebacks/${writebackId}/run`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: '{}',
  });
  const { runId } = (await answer.json()) as { runId?: string };
  if (runId === undefined) throw new Error(`The run was answered ${answer.status}.`);
  return runId;
}

/** Waits until a run is as wished. */
export async function runThat({ db }: Place, id: string, is: (run: Run) => boolean): Promise<Run> {
  for (;;) {
    const run = await findRun(db, id);
    if (run && is(run)) return run;
    await sleep(10);
  }
}

/** Waits for the end of a run. Throws unless all rows have arrived. */
export async function ended(place: Place, id: string, { rows }: Data): Promise<Run> {
  const run = await runThat(place, id, ({ finishedAt }) => finishedAt !== null);
  if (run.state !== 'succeeded' || run.rowsWritten !== rows)
    throw new Error(
      `A run ${run.state} with ${run.rowsWritten} of ${rows} rows: ${JSON.stringify(run.error)}`,
    );
  return run;
}
