import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Pool } from 'pg';
import { openBothStores } from '../../test/servers/store-places.ts';

for (const { name, store } of await openBothStores()) {
  describe(`connections to the ${name}`, { timeout: 60_000 }, () => {
    test('a transaction that stands still is ended by the database, and its locks are free', async () => {
      const frozen = await store.pool.connect();
      await frozen.query('begin');
      await frozen.query('select pg_advisory_xact_lock(7)');
      const { rows } = await store.pool.query('select pg_advisory_xact_lock(7)');
      assert.equal(rows.length, 1);
      await assert.rejects(frozen.query('commit'));
      frozen.release(true);
    });

    test('the same holds for the queue', async () => {
      const queue = new Pool(store.bossOptions);
      const { rows } = await queue.query('show idle_in_transaction_session_timeout');
      assert.deepEqual(rows, [{ idle_in_transaction_session_timeout: '10s' }]);
      await queue.end();
    });
  });
}
