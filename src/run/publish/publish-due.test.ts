import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { startDomo } from '../../../test/servers/domo-stand-in.ts';
import { folderWriteback, keyRing, newAccount, registry } from '../../../test/servers/saved-writeback.ts';
import { serviceRig } from '../../../test/servers/service-rig.ts';
import { dataFolder, never, openBothStores, quiet } from '../../../test/servers/store-places.ts';
import { newRun } from '../../../test/servers/store-rows.ts';
import { createEgress } from '../../egress/egress.ts';
import { appendOutputRows, replaceOutputRows } from '../../store/output-row.ts';
import { endPublication, takeDuePublications, wishPublication } from '../../store/published-output.ts';
import { changeRun, findRun, insertRun } from '../../store/run.ts';
import { runEventsAfter } from '../../store/run-event.ts';
import { updateWriteback } from '../../store/writeback.ts';
import { findOverview } from '../../store/writeback-overview.ts';
import { insertWritebackVersion } from '../../store/writeback-version.ts';
import type { Definition } from '../definition.ts';
import { publishDue } from './publish-due.ts';

const folder = await dataFolder();
const domo = await startDomo();
after(() => domo.stop());
const input = await domo.addDataset({
  name: 'Orders',
  columns: [{ name: 'id', type: 'LONG' }],
  rows: [['1']],
});
const minute = 60_000;

for (const { name: place, store } of await openBothStores()) {
  const db = store.kysely;
  const parts = { db, registry, keyRing, dataFolder: folder, egress: createEgress(), log: quiet };

  describe(`output DataSets go to Domo, from the ${place}`, async () => {
    let writebacks = 0;
    let clock = Date.now() + 1_000;
    /** A later moment, after which Domo takes another commit. */
    const later = (minutes = 16) => new Date((clock += minutes * minute));

    async function writeback(updateMethod: 'replace' | 'append') {
      writebacks += 1;
      const name = `Orders ${writebacks} from the ${place}`;
      const { id, ownerId, definition } = await folderWriteback(db, { dataFolder: folder, out: folder });
      const { clientSecret, ...credentials } = domo.account;
      const sourceAccountId = await newAccount(db, ownerId, {
        connector: 'domo',
        credentials,
        secrets: { clientSecret },
      });
      const source = { kind: 'domo', datasetId: input.id };
      const published: Definition = {
        ...definition,
        name,
        source,
        sourceAccountId,
        updateMethod,
        publishOutput: true,
      };
      const kept = { writebackId: id, version: 2, definition: JSON.stringify(published), changedBy: ownerId };
      await insertWritebackVersion(db, kept);
      await updateWriteback(db, id, { version: 2, name });
      /** What a run does at its end. */
      const report = async (cells: Record<string, string | number | null>) => {
        const run = await insertRun(db, newRun(id));
        const end = { state: 'succeeded' as const, finishedAt: new Date(), receipt: '{"warnings":[]}' };
        await changeRun(db, run.id, { state: ['queued'] }, end);
        const write = updateMethod === 'append' ? appendOutputRows : replaceOutputRows;
        await db.transaction().execute(async (transaction) => {
          await write(transaction, { writebackId: id, runId: run.id }, [cells]);
          await wishPublication(transaction, { writebackId: id, runId: run.id });
        });
        return run.id;
      };
      const there = () => domo.datasets().filter((one) => one.name === `${name} (output)` && !one.deleted);
      const rows = () => there()[0]?.seed.rows;
      const output = async () => (await findOverview(db, id))!.output!;
      return { id, report, there, rows, output };
    }
    const commits = () =>
      domo.requests.filter(({ url, status }) => url.endsWith('/commit') && status === 200).length;

    test('rows are added as they come, once each, in columns of their types', async () => {
      const one = await writeback('append');
      await one.report({
        rows: 1,
        rate: 0.5,
        started: '2026-01-01T10:00:00.250Z',
        text: 'a, "b"',
        none: null,
      });
      await publishDue(parts, never, later());
      const columns = [
        { name: 'none', type: 'STRING' },
        { name: 'rate', type: 'DOUBLE' },
        { name: 'rows', type: 'LONG' },
        { name: 'started', type: 'DATETIME' },
        { name: 'text', type: 'STRING' },
      ];
      assert.deepEqual(one.there()[0]?.columns, columns);
      const first = [null, '0.5', '1', '2026-01-01T10:00:00', 'a, "b"'];
      assert.deepEqual(one.rows(), [first]);
      await one.report({ rows: 2, rate: 1, started: null, text: '', none: null });
      await one.report({ rows: 3, rate: 1, started: null, text: null, none: null });
      const before = commits();
      await publishDue(parts, never, later());
      assert.equal(commits(), before + 1, 'two runs are one commit');
      assert.deepEqual(one.rows(), [first, [null, '1', '2', null, ''], [null, '1', '3', null, null]]);
      await publishDue(parts, never, later());
      assert.equal(commits(), before + 1, 'nothing is sent when nothing is new');
      const { place: lies, publishedAt, lastError } = await one.output();
      assert.deepEqual([lies?.datasetId, lastError], [one.there()[0]?.id, null]);
      assert.ok(publishedAt);
    });

    test('a run that succeeds wishes it, and a dry run does not', async () => {
      const rig = await serviceRig(store, parts);
      const one = await writeback('replace');
      const dry = await rig.ended(await rig.start(one.id, { dryRun: true }));
      assert.equal(dry.state, 'succeeded');
      await publishDue(parts, never, later());
      assert.equal(one.there().length, 0);
      const run = await rig.ended(await rig.start(one.id));
      await rig.stop();
      await publishDue(parts, never, later());
      const [dataset] = one.there();
      const place = dataset!.columns.findIndex(({ name }) => name === 'run');
      assert.deepEqual(
        one.rows()?.map((cells) => cells[place]),
        [run.id],
      );
    });

    test('other columns, or another method, send the whole anew', async () => {
      const one = await writeback('append');
      await one.report({ rows: 1 });
      await publishDue(parts, never, later());
      await one.report({ rows: 2.5, more: 'x' });
      await publishDue(parts, never, later());
      assert.deepEqual(one.rows(), [
        [null, '1'],
        ['x', '2.5'],
      ]);
      const other = await writeback('replace');
      await other.report({ rows: 1 });
      await publishDue(parts, never, later());
      await other.report({ rows: 2 });
      await publishDue(parts, never, later());
      assert.deepEqual(other.rows(), [['2']]);
    });

    test('Domo is asked for one commit in a quarter of an hour', async () => {
      const one = await writeback('append');
      await one.report({ rows: 1 });
      await publishDue(parts, never, later());
      await one.report({ rows: 2 });
      await publishDue(parts, never, new Date(Date.now() + 14 * minute));
      assert.deepEqual(one.rows(), [['1']]);
      await publishDue(parts, never, later());
      assert.deepEqual(one.rows(), [['1'], ['2']]);
    });

    test('a run that ends while the one before is published is not forgotten', async () => {
      const one = await writeback('append');
      await one.report({ rows: 1 });
      const [taken] = await takeDuePublications(db, later(), later(6), 9);
      assert.equal(taken?.writebackId, one.id);
      assert.deepEqual(await takeDuePublications(db, new Date(), later(6), 9), [], 'nobody else has it');
      await one.report({ rows: 2 });
      await endPublication(db, taken);
      await publishDue(parts, never, later());
      assert.deepEqual(one.rows(), [['1'], ['2']]);
    });

    test('a commit whose answer was lost is not done again; an execution that was left is aborted', async () => {
      const one = await writeback('append');
      const run = await one.report({ rows: 1 });
      for (const [round, fault] of (['cut', 'error'] as const).entries()) {
        domo.faults.next('commit', fault);
        await publishDue(parts, never, later());
        const warning = (await runEventsAfter(db, run, 0, 99)).findLast(({ level }) => level === 'warn');
        if (round === 0) assert.match(warning?.message ?? '', /The output DataSet was not published to Domo/);
        await publishDue(parts, never, later());
        assert.deepEqual(
          one.rows(),
          Array.from({ length: round + 1 }, (_, at) => [`${at + 1}`]),
        );
        await one.report({ rows: round + 2 });
      }
      assert.deepEqual((await findRun(db, run))?.receipt, { warnings: [] }, 'it came right by itself');
      await publishDue(parts, never, later());
      assert.deepEqual(one.rows(), [['1'], ['2'], ['3']]);
      assert.equal(one.there().length, 1);
    });

    test('a DataSet whose making was not heard of is not made twice, and one that was deleted is made anew', async () => {
      const one = await writeback('append');
      await one.report({ rows: 1 });
      domo.faults.next('create', 'cut');
      await publishDue(parts, never, later());
      await publishDue(parts, never, later());
      assert.equal(one.there().length, 1);
      one.there()[0]!.deleted = true;
      await one.report({ rows: 2 });
      await publishDue(parts, never, later());
      await publishDue(parts, never, later());
      assert.deepEqual(one.rows(), [['1'], ['2']]);
    });

    test('what Domo refuses is a warning on the run, and is tried again with the next one', async () => {
      const one = await writeback('replace');
      const first = await one.report({ rows: 1 });
      domo.faults.next('create', 'infrastructure');
      await publishDue(parts, never, later());
      const run = await findRun(db, first);
      assert.equal(run?.state, 'succeeded');
      const warnings = run?.receipt?.['warnings'] as string[];
      assert.match(warnings.join(), /not published to Domo: .*Access is denied/);
      assert.equal((await one.output()).lastError, warnings[0]);
      await publishDue(parts, never, later());
      assert.equal(one.there().length, 0, 'not before the next run');
      await one.report({ rows: 2 });
      await publishDue(parts, never, later());
      assert.deepEqual(one.rows(), [['2']]);
      assert.equal((await one.output()).lastError, null);
    });
  });
}
