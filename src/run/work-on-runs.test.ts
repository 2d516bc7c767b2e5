import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { oddEntry, oddConnector } from '../../test/run/odd-worker.ts';
import { folderWriteback, keyRing, newAccount, registry } from '../../test/servers/saved-writeback.ts';
import { serviceRig } from '../../test/servers/service-rig.ts';
import { dataFolder, openBothStores } from '../../test/servers/store-places.ts';
import { createRegistry } from '../connector/registry.ts';
import { listAlerts } from '../store/alert.ts';
import { listAudit } from '../store/audit.ts';
import { updateLocalDataset } from '../store/local-dataset.ts';
import { outputRowsAfter } from '../store/output-row.ts';
import { rejectedRowsAfter } from '../store/rejected-row.ts';
import { changeRun, findRun } from '../store/run.ts';
import { runEventsAfter } from '../store/run-event.ts';
import { findWriteback } from '../store/writeback.ts';
import { cancelRun } from './run.ts';

const stores = await openBothStores();
const folder = await dataFolder();
const out = await mkdtemp(join(tmpdir(), 'writeback-out-'));
after(() => rm(out, { recursive: true }));
const oddRegistry = createRegistry([...registry.list(), oddConnector]);

for (const { name, store } of stores) {
  const db = store.kysely;

  describe(`a worker on the ${name}`, { timeout: 600_000 }, async () => {
    const rig = await serviceRig(store, {
      registry: oddRegistry,
      keyRing,
      dataFolder: folder,
      entry: oddEntry,
    });
    after(() => rig.stop());

    /** A writeback of the odd connector, which does what it is told. */
    const odd = async (does: string, more = {}) => {
      const saved = await folderWriteback(db, { dataFolder: folder, out });
      const accountId = await newAccount(db, saved.ownerId, {
        connector: 'odd',
        credentials: {},
        secrets: { password: 'open sesame' },
      });
      const { id } = await folderWriteback(db, { dataFolder: folder, out });
      const definition = { ...saved.definition, connector: 'odd', accountId, details: { does }, ...more };
      return rig.save(id, saved.ownerId, definition);
    };

    test('a run moves its rows, and tells what it did', async () => {
      const target = join(out, name, 'first');
      const { id } = await folderWriteback(db, { dataFolder: folder, out: target, rows: 500 });
      const run = await rig.ended(await rig.start(id));
      assert.deepEqual([run.state, run.rowsRead, run.rowsWritten, run.attempt], ['succeeded', 500, 500, 1]);
      assert.equal(run.receipt?.['status'], 'succeeded');
      assert.equal(run.receipt?.['run'], run.id);
      const timings = run.receipt?.['timings'] as Record<string, number>;
      assert.deepEqual(Object.keys(timings).toSorted(), ['described', 'moved', 'prepared', 'queued']);
      assert.deepEqual(await readdir(target), ['rows.csv']);
      assert.match(await readFile(join(target, 'rows.csv'), 'utf8'), /^id,customer/);
      const [output] = await outputRowsAfter(db, id, undefined, 9);
      assert.equal(output?.cells['rowsWritten'], 500);
      const kinds = (await runEventsAfter(db, run.id, 0, 99)).map(({ kind }) => kind);
      assert.ok(kinds.includes('log'));
      assert.ok(!kinds.includes('progress'), 'its end tells it');
    });

    test('the output DataSet is replaced or added to, as the update method says', async () => {
      const place = { dataFolder: folder, out: join(out, name, 'method') };
      for (const [updateMethod, count] of [
        ['replace', 1],
        ['append', 2],
      ] as const) {
        const { id } = await folderWriteback(db, place, { updateMethod });
        await rig.ended(await rig.start(id));
        await rig.ended(await rig.start(id));
        assert.equal((await outputRowsAfter(db, id, undefined, 9)).length, count);
      }
    });

    test('names that carry a date and number take the run’s', async () => {
      const target = join(out, name, 'names');
      const details = { fileName: '{yyyy}-{MM}-{dd} {run.number}' };
      const { id } = await folderWriteback(db, { dataFolder: folder, out: target }, { details });
      const { queuedAt } = await rig.ended(await rig.start(id));
      assert.deepEqual(await readdir(target), [`${queuedAt.toISOString().slice(0, 10)} 1.csv`]);
    });

    test('a dry run reads and encodes everything, and writes nothing', async () => {
      const target = join(out, name, 'dry');
      const { id } = await folderWriteback(db, { dataFolder: folder, out: target, rows: 300 });
      const run = await rig.ended(await rig.start(id, { dryRun: true }));
      assert.deepEqual([run.state, run.rowsRead, run.rowsWritten], ['succeeded', 300, 0]);
      assert.ok(run.bytes > 0);
      assert.ok(!existsSync(target), 'not even the folder');
      assert.deepEqual(await outputRowsAfter(db, id, undefined, 9), []);
      const rows = await rig.ended(await rig.start(await odd('exit'), { dryRun: true }));
      assert.deepEqual([rows.state, rows.rowsRead], ['succeeded', 100], 'nor is the connector asked');
    });

    test('a DataSet that its owner lost pauses the writeback, and the reason is told', async () => {
      const saved = await folderWriteback(db, { dataFolder: folder, out });
      const { ownerId } = await folderWriteback(db, { dataFolder: folder, out });
      await updateLocalDataset(db, saved.datasetId, { ownerId });
      const run = await rig.ended(await rig.start(saved.id));
      assert.deepEqual([run.state, run.error?.['code']], ['failed', 'writeback-not-owner']);
      const paused = await findWriteback(db, saved.id);
      assert.equal(paused?.state, 'paused');
      assert.match(paused?.pausedBecause ?? '', /must own or co-own/);
      const [entry] = await listAudit(db, { target: saved.id, limit: 1 });
      assert.deepEqual(
        [entry?.actor, entry?.action, entry?.details],
        ['service', 'writeback.pause', { because: paused?.pausedBecause, run: run.id }],
      );
      assert.deepEqual(
        (await listAlerts(db, saved.id)).map(({ kind }) => kind),
        ['paused'],
      );
    });

    test('rows that were rejected are kept with the reason', async () => {
      const rows = Buffer.from('id,when\n1,2026-01-01\n2,never\n3,2026-01-03\n');
      const details = { fileName: 'rows', fileFormat: 'parquet', rejectedRowsLimit: 5 };
      const place = { dataFolder: folder, out: join(out, name, 'rejected'), rows };
      const { id, datasetId } = await folderWriteback(db, place, { details });
      const columns = JSON.stringify([
        { name: 'id', type: 'LONG' },
        { name: 'when', type: 'DATE' },
      ]);
      await updateLocalDataset(db, datasetId, { columns });
      const run = await rig.ended(await rig.start(id));
      assert.deepEqual([run.state, run.rowsWritten, run.rowsRejected], ['succeeded', 2, 1]);
      const [rejected] = await rejectedRowsAfter(db, run.id, 0, 9);
      assert.deepEqual([rejected?.row, rejected?.column], [2, 'when']);
      assert.equal('rejected' in run.receipt!, false, 'kept once');
    });

    test('a running run is canceled within two seconds', async () => {
      const id = await rig.start(await odd('wait'));
      await rig.until(id, ({ state }) => state === 'running');
      await rig.logged(id, 'signed in');
      const since = performance.now();
      await db.transaction().execute((transaction) => cancelRun(transaction, rig.engine, id));
      assert.equal((await rig.ended(id)).state, 'canceled');
      assert.ok(performance.now() - since < 10_000);
    });

    test('what may pass is tried again by a schedule’s run, and not by a person’s', async () => {
      const retry = { times: 3, everyMinutes: 1 };
      const manual = await rig.ended(await rig.start(await odd('postpone', { retry })));
      assert.deepEqual([manual.state, manual.error?.['code']], ['failed', 'odd-busy']);
      const id = await rig.start(await odd('postpone', { retry }), { cause: 'schedule' });
      const again = await rig.until(id, ({ failures }) => failures === 1);
      assert.deepEqual([again.state, again.error?.['code']], ['queued', 'odd-busy']);
      const told = (await runEventsAfter(db, id, 0, 99)).map(({ message }) => message).join('\n');
      assert.match(told, /The next attempt begins at/);
      await db.transaction().execute((transaction) => cancelRun(transaction, rig.engine, id));
      const refused = await odd('refuse', { retry });
      const failed = await rig.ended(await rig.start(refused, { cause: 'schedule' }));
      assert.deepEqual([failed.state, failed.failures], ['failed', 0], 'of no use');
    });

    test('no secret stands in log, error or receipt of a run', async () => {
      const run = await rig.ended(await rig.start(await odd('nothing')));
      assert.equal(run.state, 'succeeded');
      const events = await runEventsAfter(db, run.id, 0, 99);
      const line = events.find(({ message }) => message === 'signed in');
      assert.deepEqual(line?.fields, { password: '***', token: '***' });
      assert.doesNotMatch(JSON.stringify([run, events]), /open sesame/);
    });

    test('after a success another writeback runs that waited for it', async () => {
      const place = { dataFolder: folder, out: join(out, name, 'after') };
      const first = await folderWriteback(db, place, { name: 'First' });
      const schedule = { every: 'success', writeback: first.id };
      const second = await folderWriteback(db, place, { name: 'Second', schedule });
      await rig.ended(await rig.start(first.id));
      const run = await rig.ended(await rig.runOf(second.id));
      assert.deepEqual([run.state, run.cause], ['succeeded', 'after']);
    });

    test('a change of state is told once', async () => {
      const id = await odd('refuse');
      await rig.ended(await rig.start(id));
      await rig.ended(await rig.start(id));
      const kinds = async () => (await listAlerts(db, id)).map(({ kind }) => kind);
      assert.deepEqual(await kinds(), ['failed']);
      await rig.change(id, { details: { does: 'nothing' } });
      await rig.ended(await rig.start(id));
      assert.deepEqual(await kinds(), ['recovered', 'failed']);
    });

    test('a run whose thread died is done again, and is at fault itself when that goes on', async () => {
      const run = await rig.ended(await rig.start(await odd('exit')));
      assert.deepEqual([run.state, run.error?.['code'], run.attempt], ['failed', 'run-worker-ended', 3]);
    });

    test('an attempt that was given up writes nothing, and its thread is ended', async () => {
      const id = await rig.start(await odd('wait'));
      const { attempt } = await rig.until(id, ({ state }) => state === 'running');
      await rig.logged(id, 'signed in');
      // As another worker does that takes the run.
      await changeRun(db, id, { state: ['running'], attempt }, { attempt: attempt + 7, worker: 'elsewhere' });
      await db.transaction().execute((transaction) => cancelRun(transaction, rig.engine, id));
      await rig.idle();
      const run = await findRun(db, id);
      assert.deepEqual([run?.state, run?.worker], ['running', 'elsewhere']);
      await changeRun(db, id, { state: ['running'] }, { state: 'canceled', finishedAt: new Date() });
    });
  });
}
