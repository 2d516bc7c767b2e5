import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { sql } from 'kysely';
import { openBothStores } from '../../test/servers/store-places.ts';
import { auditHead, firstBrokenAudit, listAudit, writeAudit } from './audit.ts';

for (const { name, store } of await openBothStores()) {
  const db = store.kysely;

  describe(`the audit log on the ${name}`, () => {
    test('audit entries that are written at once form one chain, and roll back with their deed', async () => {
      const write = (action: string) =>
        db.transaction().execute((trx) => {
          const details = { b: 1, a: { z: [1, null, 'é'], y: undefined } };
          return writeAudit(trx, { actor: 'person_1', action, target: 'account_1', details });
        });
      await Promise.all(Array.from({ length: 20 }, (_, i) => write(`deed.${i}`)));
      const failing = db.transaction().execute(async (trx) => {
        await writeAudit(trx, { actor: 'a', action: 'deed.undone', target: 't', details: {} });
        throw new Error('undone');
      });
      await assert.rejects(failing, /undone/);
      assert.equal((await auditHead(db)).seq, 20);
      assert.equal(await firstBrokenAudit(db), undefined);
      const page = await listAudit(db, { target: 'account_1', limit: 2, before: 20 });
      assert.deepEqual(
        page.map(({ seq }) => seq),
        [19, 18],
      );
    });

    test('the audit log cannot be changed, and what got past that is found', async () => {
      for (const statement of ['update', 'delete', 'truncate']) {
        const text = {
          update: `update audit set actor = 'x'`,
          delete: 'delete from audit',
          truncate: 'truncate audit',
        };
        const change = sql.raw(text[statement as 'update'].replace('audit', 'writeback.audit'));
        await assert.rejects(change.execute(db), /only ever added to/);
      }
      const tamper = async (change: string, broken: number | undefined) => {
        const client = await store.pool.connect();
        try {
          await client.query(
            `begin; set local search_path = writeback; alter table audit disable trigger all`,
          );
          await client.query(change);
          const { rows } = await client.query('select count(*) as left from audit');
          assert.ok(rows[0].left > 0);
          await client.query('alter table audit enable trigger all; commit');
        } finally {
          client.release();
        }
        assert.equal(await firstBrokenAudit(db), broken);
      };
      await tamper(`update audit set actor = 'somebody' where seq = 7`, 7);
      await tamper(`update audit set actor = 'person_1' where seq = 7`, undefined);
      await tamper(`update audit set details = '{"a":{"z":[1,null,"e"]},"b":1}' where seq = 9`, 9);
      await tamper(`update audit set details = '{"a":{"z":[1,null,"é"]},"b":1}' where seq = 9`, undefined);
      await tamper(`delete from audit where seq = 5`, 5);
    });
  });
}
