import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { openBothStores, quiet } from '../../test/servers/store-places.ts';
import { newRun, newWriteback } from '../../test/servers/store-rows.ts';
import type { Db } from '../store/database.ts';
import { insertRun } from '../store/run.ts';
import { countLogLines, runEventsAfter } from '../store/run-event.ts';
import { openRunLog } from './run-log.ts';

const stores = await openBothStores();

async function runIn(db: Db) {
  const { id } = await newWriteback(db);
  return insertRun(db, newRun(id));
}

for (const { name, store } of stores) {
  const db = store.kysely;

  describe(`the log of a run on the ${name}`, { timeout: 600_000 }, () => {
    test('lines are kept in order, with level and fields, and without secrets', async () => {
      const run = await runIn(db);
      const log = openRunLog(db, run, quiet);
      log.hide('open sesame');
      log.info('It says open sesame.', { password: 'open sesame', rows: 7 });
      log.warn('Something.');
      await log.close();
      const [first, second] = await runEventsAfter(db, run.id, 0, 9);
      assert.deepEqual([first?.level, first?.message], ['info', 'It says ***.']);
      assert.deepEqual(first?.fields, { password: '***', rows: 7 });
      assert.deepEqual([second?.level, second?.message, second?.kind], ['warn', 'Something.', 'log']);
    });

    test('a log that is full says so, and its next attempt adds nothing', async () => {
      const run = await runIn(db);
      const log = openRunLog(db, run, quiet);
      for (let line = 1; line <= 10_050; line += 1) log.info(`Line ${line}.`);
      await log.close();
      assert.equal(await countLogLines(db, run.id), 10_001);
      const last = await runEventsAfter(db, run.id, 0, 20_000);
      assert.equal(last.at(-1)?.message, 'The log is full.');
      const again = openRunLog(db, { ...run, attempt: 2 }, quiet);
      again.info('One more.');
      await again.close();
      assert.equal(await countLogLines(db, run.id), 10_001);
    });

    test('what PostgreSQL cannot hold does not lose the line', async () => {
      const run = await runIn(db);
      const log = openRunLog(db, run, quiet);
      log.info('a\0b\ud800c', { value: 'x\0y\ud800z' });
      log.info('x'.repeat(100_000), { big: 'y'.repeat(100_000) });
      await log.close();
      const [first, second] = await runEventsAfter(db, run.id, 0, 9);
      assert.equal(first?.message, 'a\uFFFDb\uFFFDc');
      assert.deepEqual(first?.fields, { value: 'x\uFFFDy\uFFFDz' });
      assert.equal(second?.message.length, 4_000);
      assert.deepEqual(log.clean({ text: 'a\0b', deep: ['\ud800'] }), { text: 'a\uFFFDb', deep: ['\uFFFD'] });
    });

    test('a database that does not take the lines is told of, and the run goes on', async () => {
      const run = await runIn(db);
      const told: string[] = [];
      const log = openRunLog(db, run, { ...quiet, warn: (text) => void told.push(text) });
      await db.deleteFrom('run').where('id', '=', run.id).execute();
      log.info('For nobody.');
      await log.close();
      assert.deepEqual(told, ['Lines of a run were lost.']);
    });
  });
}
