import assert from 'node:assert/strict';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { after, describe, test } from 'node:test';
import { startDomoRig } from '../../test/servers/domo-rig.ts';
import {
  folderWriteback,
  keyRing,
  newAccount,
  registry,
  saveWriteback,
} from '../../test/servers/saved-writeback.ts';
import { dataFolder, never, openBothStores, quiet } from '../../test/servers/store-places.ts';
import { newPerson } from '../../test/servers/store-rows.ts';
import { createEgress } from '../egress/egress.ts';
import { createLog } from '../log.ts';
import { insertNoUpdateAlerts, listAlerts } from '../store/alert.ts';
import { updateLocalDataset } from '../store/local-dataset.ts';
import { newId } from '../store/new-id.ts';
import { changeRun, findLiveRun, findRun, listRuns } from '../store/run.ts';
import { runEventsAfter } from '../store/run-event.ts';
import { findSchedule, saveSchedule, saveSeenState } from '../store/schedule.ts';
import { updateWriteback } from '../store/writeback.ts';
import { openEngine } from './engine.ts';
import { fireDue } from './fire-due.ts';
import { lookForChange } from './look-for-change.ts';
import { removeOld } from './remove-old.ts';
import { cancelRun } from './run.ts';
import { startScheduler } from './scheduler.ts';
import { startIdle } from './start-idle.ts';

const stores = await openBothStores();
const folder = await dataFolder();
const domo = await startDomoRig();
after(() => domo.stand.stop());
const place = { dataFolder: folder, out: '/nowhere', rows: 1 };
const hour = 3600_000;
const hourly = { every: 'hour' };

for (const { name, store } of stores) {
  const db = store.kysely;

  describe(`a scheduler on the ${name}`, { timeout: 600_000 }, async () => {
    const engine = await openEngine(store.bossOptions, quiet);
    after(() => engine.stop(1000));
    const fire = async (now: Date) => fireDue(db, engine, quiet, now);

    /** A writeback whose schedule was due first at a time. */
    const due = async (nextDueAt: Date, schedule: object = hourly, more = {}) => {
      const { id } = await folderWriteback(db, place, more);
      await saveSchedule(db, { writebackId: id, definition: JSON.stringify(schedule), nextDueAt });
      return id;
    };
    const runsOf = async (writebackId: string) => listRuns(db, { writebackId, limit: 9 });
    const cancelAll = async (writebackId: string) => {
      for (const { id } of await runsOf(writebackId)) {
        await db.transaction().execute((transaction) => cancelRun(transaction, engine, id));
      }
    };

    test('a schedule that is due fires once, whoever looks, and is due again at its next time', async () => {
      const at = new Date('2026-03-02T10:00:00Z');
      const id = await due(at);
      const now = new Date(at.getTime() + 700);
      await Promise.all([fire(now), fire(now), fire(now)]);
      await fire(now);
      const [run, ...others] = await runsOf(id);
      assert.deepEqual(others, []);
      assert.deepEqual([run?.cause, run?.state, run?.dueAt], ['schedule', 'queued', at]);
      assert.equal(await engine.isQueued('run', run!.id), true);
      const schedule = await findSchedule(db, id);
      assert.deepEqual([schedule?.lastDueAt, schedule?.nextDueAt], [at, new Date(at.getTime() + hour)]);
      await cancelAll(id);
    });

    test('what was missed while nobody looked runs once', async () => {
      const at = new Date('2026-03-02T10:00:00Z');
      const id = await due(at);
      const now = new Date('2026-03-05T17:20:00Z');
      await fire(now);
      await fire(now);
      assert.equal((await runsOf(id)).length, 1);
      assert.deepEqual((await findSchedule(db, id))?.nextDueAt, new Date('2026-03-05T18:00:00Z'));
      await cancelAll(id);
    });

    test('while a run is on its way the schedule is skipped, and the run’s log says so', async () => {
      const at = new Date('2026-03-02T10:00:00Z');
      const id = await due(at);
      await fire(at);
      const next = new Date(at.getTime() + hour);
      await fire(next);
      const [run, ...others] = await runsOf(id);
      assert.deepEqual(others, []);
      const told = (await runEventsAfter(db, run!.id, 0, 9)).map(({ message }) => message);
      assert.match(told.join('\n'), /by the schedule due at 2026-03-02T11:00:00.000Z was skipped/);
      await cancelAll(id);
      await fire(new Date(next.getTime() + hour));
      assert.equal((await runsOf(id)).length, 2);
      await cancelAll(id);
    });

    test('a time that has its run already does not get another, and hinders no other schedule', async () => {
      const at = new Date('2026-03-02T10:00:00Z');
      const [twice, other] = [await due(at), await due(at)];
      await fire(at);
      await cancelAll(twice);
      await cancelAll(other);
      for (const writebackId of [twice, other]) {
        const nextDueAt = writebackId === twice ? at : new Date(at.getTime() + 1);
        await saveSchedule(db, { writebackId, definition: JSON.stringify(hourly), nextDueAt });
      }
      await fire(new Date(at.getTime() + 1));
      assert.deepEqual([(await runsOf(twice)).length, (await runsOf(other)).length], [1, 2]);
      await cancelAll(other);
    });

    test('a paused writeback does not run, and a schedule that cannot be read hinders no other', async () => {
      const at = new Date('2026-03-02T10:00:00Z');
      const [paused, broken, good] = [await due(at), await due(at, { every: 'eclipse' }), await due(at)];
      await updateWriteback(db, paused, { state: 'paused' });
      const lines: string[] = [];
      await fireDue(
        db,
        engine,
        createLog((line) => lines.push(line)),
        at,
      );
      assert.deepEqual(await runsOf(paused), []);
      assert.deepEqual(await runsOf(broken), []);
      assert.equal((await findSchedule(db, broken))?.nextDueAt, null);
      assert.match(lines.join('\n'), new RegExp(`cannot be read.*${broken}`));
      assert.equal((await runsOf(good)).length, 1);
      await cancelAll(good);
    });

    test('a DataSet that has changed runs its writeback; the first look remembers only', async () => {
      const parts = { db, engine, registry, keyRing, dataFolder: folder, egress: createEgress(), log: quiet };
      const at = new Date('2026-03-02T10:00:00Z');
      const { id, datasetId } = await folderWriteback(db, place);
      await saveSchedule(db, { writebackId: id, definition: '{"every":"change"}', nextDueAt: at });
      const { looks, started } = await fire(at);
      assert.deepEqual([looks, started], [[id], []]);
      const look = async () => lookForChange(id, parts, never);
      await look();
      await look();
      assert.deepEqual(await runsOf(id), []);
      await updateLocalDataset(db, datasetId, { rowCount: 2 });
      await look();
      const [run] = await runsOf(id);
      assert.equal(run?.cause, 'change');
      await updateLocalDataset(db, datasetId, { rowCount: 3 });
      await look();
      assert.equal((await runsOf(id)).length, 1, 'one at a time');
      await cancelAll(id);
      await look();
      assert.equal((await runsOf(id)).length, 2, 'the change was not forgotten');
      await look();
      await cancelAll(id);
    });

    test('a DataSet in Domo is looked at with the account’s client, and no log learns its secret', async () => {
      const lines: string[] = [];
      const log = createLog((line) => void lines.push(line));
      const parts = { db, engine, registry, keyRing, dataFolder: folder, egress: createEgress(), log };
      const { id: datasetId } = await domo.add('Sales');
      const { ownerId, definition } = await folderWriteback(db, place);
      const { clientId, clientSecret, baseUrl } = domo.stand.account;
      const sourceAccountId = await newAccount(db, ownerId, {
        connector: 'domo',
        credentials: { clientId, baseUrl },
        secrets: { clientSecret },
      });
      const inDomo = { ...definition, sourceAccountId, source: { datasetId } };
      const writebackId = await saveWriteback(db, ownerId, { ...inDomo, schedule: { every: 'change' } });
      await lookForChange(writebackId, parts, never);
      const seen = (await findSchedule(db, writebackId))?.seenState;
      assert.match(seen ?? '', new RegExp(`^${datasetId} \\d{4}-`));
      assert.deepEqual(await runsOf(writebackId), []);
      await saveSeenState(db, writebackId, 'before');
      await lookForChange(writebackId, parts, never);
      assert.equal((await runsOf(writebackId)).length, 1);
      assert.equal((await findSchedule(db, writebackId))?.seenState, seen);
      log.info(clientSecret);
      assert.match(lines.at(-1)!, new RegExp(clientSecret), 'it was hidden where it was used, not here');
      assert.doesNotMatch(lines.slice(0, -1).join(), new RegExp(clientSecret));
      await cancelAll(writebackId);
    });

    test('a DataSet that may not be looked at is told by a run, once', async () => {
      const parts = { db, engine, registry, keyRing, dataFolder: folder, egress: createEgress(), log: quiet };
      const source = { kind: 'local', datasetId: newId('dataset') };
      const { id } = await folderWriteback(db, place, { source });
      await saveSchedule(db, { writebackId: id, definition: '{"every":"change"}', nextDueAt: null });
      await lookForChange(id, parts, never);
      const [run] = await runsOf(id);
      await changeRun(db, run!.id, { state: ['queued'] }, { state: 'failed', finishedAt: new Date() });
      await lookForChange(id, parts, never);
      assert.equal((await runsOf(id)).length, 1);
    });

    test('no update for longer than was said is told once, and again after the next success', async () => {
      const { id } = await folderWriteback(db, place, { noUpdateHours: 6 });
      const later = (hours: number) => new Date(Date.now() + hours * hour);
      await insertNoUpdateAlerts(db, later(5));
      const kinds = async () => (await listAlerts(db, id)).map(({ kind }) => kind);
      assert.deepEqual(await kinds(), []);
      await Promise.all([insertNoUpdateAlerts(db, later(7)), insertNoUpdateAlerts(db, later(7))]);
      await insertNoUpdateAlerts(db, later(8));
      assert.deepEqual(await kinds(), ['no-update']);
      const run = await db.transaction().execute(async (transaction) => {
        return startIdle(transaction, engine, [{ writebackId: id, cause: 'schedule', dueAt: null }]);
      });
      const success = { state: 'succeeded' as const, finishedAt: later(10) };
      await changeRun(db, run[0]!.id, { state: ['queued'] }, success);
      await insertNoUpdateAlerts(db, later(15));
      assert.deepEqual(await kinds(), ['no-update']);
      await insertNoUpdateAlerts(db, later(17));
      assert.deepEqual(await kinds(), ['no-update', 'no-update']);
    });

    test('runs are removed when their time is over, live ones never', async () => {
      const at = new Date('2026-03-02T10:00:00Z');
      const [old, live] = [await due(at), await due(at)];
      await fire(at);
      const run = (await findLiveRun(db, old))!;
      await changeRun(db, run.id, { state: ['queued'] }, { state: 'failed', finishedAt: new Date() });
      const day = 24 * hour;
      await removeOld(db, 90, new Date(Date.now() + 89 * day));
      assert.ok(await findRun(db, run.id));
      await removeOld(db, 90, new Date(Date.now() + 91 * day));
      assert.equal(await findRun(db, run.id), undefined);
      assert.equal((await runsOf(live)).length, 1);
      await cancelAll(live);
    });

    test('the scheduler does all of it by itself, and stops', async () => {
      const parts = { db, engine, registry, keyRing, dataFolder: folder, egress: createEgress(), log: quiet };
      const id = await due(new Date(Date.now() - 1));
      const scheduler = startScheduler({ ...parts, channels: [], daysKept: 90 });
      while ((await runsOf(id)).length === 0) await new Promise((done) => setTimeout(done, 20));
      await scheduler.stop();
      await cancelAll(id);
    });

    test('thousands of schedules of one moment fire while the event loop stays free', async () => {
      const count = 10_000;
      const owner = await newPerson(db);
      const ids = Array.from({ length: count }, () => newId('writeback'));
      const at = new Date('2026-03-02T00:00:00Z');
      await store.pool.query(
        `insert into writeback.writeback (id, name, owner_id, connector, version)
         select id, 'W', $2, 'folder', 1 from unnest($1::text[]) as id`,
        [ids, owner.id],
      );
      await store.pool.query(
        `insert into writeback.schedule (writeback_id, definition, next_due_at)
         select id, jsonb_build_object('every', 'day', 'at', '00:' || lpad((n % 60)::text, 2, '0'), 'timeZone', 'Europe/Berlin'), $2
         from unnest($1::text[]) with ordinality as t(id, n)`,
        [ids, at],
      );
      const delay = monitorEventLoopDelay({ resolution: 5 });
      delay.enable();
      let started = 0;
      for (let more = true; more;) {
        const fired = await fire(at);
        started += fired.started.length;
        ({ more } = fired);
      }
      delay.disable();
      assert.equal(started, count);
      assert.ok(delay.max / 1e6 < 1000, `${delay.max / 1e6} ms`);
      assert.equal((await fire(at)).started.length, 0);
    });
  });
}
