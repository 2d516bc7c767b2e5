import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { keyedRows, partsWriteback, sorted, unloaded } from '../../test/servers/parts-writeback.ts';
import { startS3 } from '../../test/servers/s3-stand-in.ts';
import { keyRing, registry } from '../../test/servers/saved-writeback.ts';
import { serviceRig } from '../../test/servers/service-rig.ts';
import { dataFolder, openBothStores } from '../../test/servers/store-places.ts';
import { type Part, listParts } from '../store/part.ts';
import { changeRun } from '../store/run.ts';
import { cancelRun } from './run.ts';

const stores = await openBothStores();
const folder = await dataFolder();
const rows = 900;
const names = [...[1, 2, 3, 4, 5, 6].map((part) => `rows_0000${part}.csv`), 'rows.manifest.json'].toSorted();

for (const { name, store } of stores) {
  const db = store.kysely;

  describe(`runs in parts on the ${name}`, { timeout: 600_000 }, async () => {
    const server = await startS3();
    const parts = { registry, keyRing, dataFolder: folder };
    const rig = await serviceRig(store, { ...parts, slots: 2 });
    const other = await serviceRig(store, { ...parts, slots: 2 });
    after(async () => {
      await Promise.all([rig.stop(), other.stop()]);
      await server.stop();
    });
    const save = (path: string, more = {}) =>
      partsWriteback(db, server, { dataFolder: folder, path, rows }, more);
    const cancel = (id: string) =>
      db.transaction().execute((transaction) => cancelRun(transaction, rig.engine, id));
    const partsUntil = async (id: string, is: (all: readonly Part[]) => boolean) => {
      for (;;) {
        const all = await listParts(db, id);
        if (is(all)) return all;
        await sleep(20);
      }
    };

    test('all parts are written before one is seen, and the manifest comes last', async () => {
      const since = server.requests.length;
      const run = await rig.ended(await rig.start(await save('whole')));
      assert.deepEqual([run.state, run.rowsRead, run.rowsWritten], ['succeeded', rows, rows]);
      assert.deepEqual(unloaded(server, 'whole'), { names, rows: sorted(keyedRows(rows)) });
      const asked = server.requests.slice(since);
      assert.ok(asked.lastIndexOf('UploadPart') < asked.indexOf('CompleteMultipartUpload'));
      assert.equal(asked.filter((one) => one === 'CompleteMultipartUpload').length, 6);
      assert.ok(asked.lastIndexOf('CompleteMultipartUpload') < asked.indexOf('PutObject'));
      assert.deepEqual(server.uploads(), []);
      assert.equal((run.receipt?.['files'] as unknown[] | undefined)?.length, 7);
      assert.deepEqual(Object.keys(run.receipt?.['timings'] as object).toSorted(), [
        'parts',
        'prepared',
        'published',
        'queued',
      ]);
    });

    test('a finish that is done again, as after a crash, comes to the same', async () => {
      const id = await rig.start(await save('again'));
      const { receipt, attempt } = await rig.ended(id);
      const before = unloaded(server, 'again');
      await changeRun(db, id, { state: ['succeeded'] }, { state: 'running', finishedAt: null });
      await rig.engine.send(db, { kind: 'finish', runId: id, attempt: 99 });
      const run = await rig.ended(id);
      assert.deepEqual([run.state, run.attempt], ['succeeded', attempt + 1]);
      assert.deepEqual(
        [run.receipt?.['checksum'], run.receipt?.['location']],
        [receipt?.['checksum'], receipt?.['location']],
      );
      assert.deepEqual(unloaded(server, 'again'), before);
    });

    test('a part that fails ends the run with its reason, and nothing is left of the others', async () => {
      server.fault({
        operation: 'UploadPart',
        kind: 'refuse',
        status: 403,
        code: 'AccessDenied',
        after: 3,
        times: 9,
      });
      const run = await rig.ended(await rig.start(await save('refused')));
      server.clearFaults();
      assert.equal(run.state, 'failed');
      assert.match(String(run.error?.['code']), /^s3-unload-/);
      assert.deepEqual(unloaded(server, 'refused').names, []);
      assert.deepEqual(server.uploads(), []);
    });

    test('a run is canceled within two seconds while its parts are on their way', async () => {
      server.fault({ operation: 'UploadPart', kind: 'stall', after: 2 });
      const id = await rig.start(await save('canceled'));
      await partsUntil(id, (all) => all.filter(({ state }) => state === 'succeeded').length === 2);
      await partsUntil(id, (all) => all.some(({ state }) => state === 'running'));
      await cancel(id);
      assert.equal((await rig.ended(id)).state, 'canceled');
      server.clearFaults();
      assert.deepEqual([unloaded(server, 'canceled').names, server.uploads()], [[], []]);
    });

    test('a part of a schedule’s run is tried again by itself; meanwhile the run can be canceled', async () => {
      const busy = { kind: 'refuse', status: 503, code: 'SlowDown' } as const;
      server.fault({ operation: 'CreateMultipartUpload', ...busy, after: 3 });
      const retry = { times: 2, everyMinutes: 1 };
      const id = await rig.start(await save('retried', { retry }), { cause: 'schedule' });
      const all = await partsUntil(
        id,
        (some) =>
          some.length > 0 &&
          some.every(
            ({ state, failures }) => state === 'succeeded' || (state === 'queued' && failures === 1),
          ),
      );
      server.clearFaults();
      assert.equal(all.filter(({ state }) => state === 'succeeded').length, 3);
      assert.equal(all.find(({ failures }) => failures > 0)?.error?.['temporary'], true);
      assert.equal((await rig.until(id, () => true)).state, 'running');
      await cancel(id);
      assert.equal((await rig.ended(id)).state, 'canceled');
      assert.deepEqual([unloaded(server, 'retried').names, server.uploads()], [[], []]);
    });
  });
}
