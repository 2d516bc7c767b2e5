import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { sql } from 'kysely';
import { openBothStores } from '../../test/servers/store-places.ts';
import { accountsAfter, deleteAccount, findAccount, insertAccount } from './account.ts';
import { listAccountsOf, masterKeysInUse, updateAccount } from './account.ts';
import { findAccess, listShares, share, unshare } from './account-share.ts';
import { findApiKey, insertApiKey, listApiKeys, revokeApiKey, touchApiKey } from './api-key.ts';
import { auditHead, firstBrokenAudit, listAudit, writeAudit } from './audit.ts';
import type { Db } from './database.ts';
import { isDuplicate } from './explain-store-error.ts';
import { deleteLocalDataset, findLocalDataset, insertLocalDataset } from './local-dataset.ts';
import { listLocalDatasets, updateLocalDataset } from './local-dataset.ts';
import { newId } from './new-id.ts';
import { appendOutputRows, outputRowsAfter, replaceOutputRows } from './output-row.ts';
import { changePart, insertParts, listParts, takePart } from './part.ts';
import { countAdmins, findPerson, findPersonByEmail, findPersonByOidc } from './person.ts';
import { insertPerson, listPeople, updatePerson } from './person.ts';
import { deleteRejectedRows, rejectedRowsAfter, saveRejectedRows } from './rejected-row.ts';
import { changeRun, deleteRunsBefore, dueRunIndex, findLiveRun, findRun } from './run.ts';
import { insertRun, listRuns, liveRunIndex } from './run.ts';
import { insertRunEvents, runEventsAfter } from './run-event.ts';
import { advanceSchedule, deleteSchedule, findSchedule, saveSchedule, takeDueSchedules } from './schedule.ts';
import { deleteExpiredSessions, deleteSession, deleteSessionsOf, findSession } from './session.ts';
import { insertSession, touchSession } from './session.ts';
import { findWriteback, insertWriteback, listWritebacks, updateWriteback } from './writeback.ts';
import { findWritebackVersion, insertWritebackVersion, listWritebackVersions } from './writeback-version.ts';

const minute = 60_000;

async function newPerson(db: Db, email = `${newId('person')}@example.com`) {
  const names = { id: newId('person'), email, name: 'Ann', role: 'editor' as const };
  return insertPerson(db, names);
}

async function newWriteback(db: Db, ownerId?: string) {
  const owner = ownerId ?? (await newPerson(db)).id;
  return insertWriteback(db, {
    id: newId('writeback'),
    name: 'Sales',
    ownerId: owner,
    connector: 'folder',
    version: 1,
  });
}

const newRun = (writebackId: string, dueAt: Date | null = null) => ({
  id: newId('run'),
  writebackId,
  version: 1,
  cause: 'manual' as const,
  dueAt,
});

for (const { name, store } of await openBothStores()) {
  const db = store.kysely;

  describe(`tables on the ${name}`, () => {
    test('64-bit counts are numbers, times are dates', async () => {
      const { rows } = await sql<{
        big: unknown;
        at: unknown;
      }>`select 9007199254740991 as big, now() as at`.execute(db);
      assert.equal(rows[0]?.big, Number.MAX_SAFE_INTEGER);
      assert.ok(rows[0]?.at instanceof Date);
    });

    test('a person is found by address without regard to case, and by OIDC subject', async () => {
      const ann = await newPerson(db, 'Ann@Example.com');
      assert.equal((await findPersonByEmail(db, 'ann@example.COM'))?.id, ann.id);
      await assert.rejects(newPerson(db, 'ANN@example.com'), (error) => isDuplicate(error, 'person_email'));
      await updatePerson(db, ann.id, { oidcIssuer: 'https://id', oidcSubject: '7' });
      assert.equal((await findPersonByOidc(db, 'https://id', '7'))?.id, ann.id);
      assert.equal(await findPersonByOidc(db, 'https://other', '7'), undefined);
      assert.ok((await listPeople(db)).some(({ id }) => id === ann.id));
    });

    test('only administrators who are not disabled count', async () => {
      const before = await countAdmins(db);
      const { id } = await newPerson(db);
      assert.equal((await updatePerson(db, id, { role: 'admin' }))?.role, 'admin');
      assert.equal(await countAdmins(db), before + 1);
      await updatePerson(db, id, { disabledAt: new Date() });
      assert.equal(await countAdmins(db), before);
      assert.equal(await updatePerson(db, 'person_nobody', { name: 'x' }), undefined);
      assert.ok((await findPerson(db, id))?.disabledAt);
    });

    test('a session ends by time, by idleness, and when its person signs out everywhere', async () => {
      const { id: personId } = await newPerson(db);
      const now = new Date();
      const later = new Date(now.getTime() + minute);
      const tokenHash = Buffer.from(newId('session'));
      const session = await insertSession(db, {
        id: newId('session'),
        personId,
        tokenHash,
        expiresAt: later,
      });
      const idleSince = new Date(now.getTime() - minute);
      assert.equal((await findSession(db, tokenHash, now, idleSince))?.id, session.id);
      assert.equal(await findSession(db, tokenHash, later, idleSince), undefined);
      assert.equal(await findSession(db, tokenHash, now, later), undefined);
      await touchSession(db, session.id, new Date(later.getTime() + 1));
      assert.ok(await findSession(db, tokenHash, now, later));
      await deleteSessionsOf(db, personId);
      assert.equal(await findSession(db, tokenHash, now, idleSince), undefined);
    });

    test('sessions that are over are swept away, the others stay', async () => {
      const { id: personId } = await newPerson(db);
      const [old, fresh] = [Buffer.from(newId('session')), Buffer.from(newId('session'))];
      const now = new Date();
      const expired = {
        id: newId('session'),
        personId,
        tokenHash: old,
        expiresAt: new Date(now.getTime() - 1),
      };
      await insertSession(db, expired);
      const kept = {
        id: newId('session'),
        personId,
        tokenHash: fresh,
        expiresAt: new Date(now.getTime() + minute),
      };
      await insertSession(db, kept);
      await deleteExpiredSessions(db, now, new Date(0));
      const left = await db.selectFrom('session').select('id').where('personId', '=', personId).execute();
      assert.deepEqual(left, [{ id: kept.id }]);
      await deleteSession(db, kept.id);
      assert.equal(await findSession(db, fresh, now, new Date(0)), undefined);
    });

    test('an API key works until it expires or is revoked, and only its person revokes it', async () => {
      const [{ id: personId }, { id: other }] = [await newPerson(db), await newPerson(db)];
      const tokenHash = Buffer.from(newId('key'));
      const now = new Date();
      const expiresAt = new Date(now.getTime() + minute);
      const base = { name: 'CI', hint: 'x7Qa', scopes: ['runs', 'accounts'] };
      const { id } = await insertApiKey(db, { id: newId('key'), personId, tokenHash, expiresAt, ...base });
      assert.deepEqual((await findApiKey(db, tokenHash, now))?.scopes, ['runs', 'accounts']);
      assert.equal(await findApiKey(db, tokenHash, expiresAt), undefined);
      await touchApiKey(db, id, now);
      assert.deepEqual((await listApiKeys(db, personId))[0]?.usedAt, now);
      assert.equal(await revokeApiKey(db, id, other, now), false);
      assert.equal(await revokeApiKey(db, id, personId, now), true);
      assert.equal(await findApiKey(db, tokenHash, now), undefined);
    });

    test('of two edits of the same version of an account the second is refused', async () => {
      const row = {
        id: newId('account'),
        connector: 's3',
        name: 'S3 Account',
        credentials: '{"region":"eu"}',
      };
      const { id } = await insertAccount(db, row);
      assert.equal((await updateAccount(db, id, 1, { name: 'Ours' }))?.version, 2);
      assert.equal(await updateAccount(db, id, 1, { name: 'Theirs' }), undefined);
      const found = await findAccount(db, id);
      assert.equal(found?.name, 'Ours');
      assert.deepEqual(found?.credentials, { region: 'eu' });
      assert.deepEqual(await accountsAfter(db, id, 1), []);
    });

    test('an account is seen by whom it is shared with', async () => {
      const { id: personId } = await newPerson(db);
      const row = { id: newId('account'), connector: 'sftp', name: 'SFTP Account', credentials: '{}' };
      const { id: accountId } = await insertAccount(db, row);
      assert.deepEqual(await listAccountsOf(db, personId), []);
      await share(db, { accountId, personId, access: 'read' });
      await share(db, { accountId, personId, access: 'edit' });
      assert.equal(await findAccess(db, accountId, personId), 'edit');
      assert.deepEqual(
        (await listAccountsOf(db, personId)).map(({ id, access }) => [id, access]),
        [[accountId, 'edit']],
      );
      assert.equal((await listShares(db, accountId)).length, 1);
      await unshare(db, accountId, personId);
      assert.equal(await findAccess(db, accountId, personId), undefined);
    });

    test('an account in use is not deleted; one that only deleted writebacks name is', async () => {
      const row = { id: newId('account'), connector: 'folder', name: 'A', credentials: '{}' };
      const { id: accountId } = await insertAccount(db, row);
      const { id } = await newWriteback(db);
      await updateWriteback(db, id, { accountId });
      await assert.rejects(deleteAccount(db, accountId), { code: '23503' });
      await updateWriteback(db, id, { deletedAt: new Date() });
      assert.equal(await deleteAccount(db, accountId), true);
      assert.equal(await deleteAccount(db, accountId), false);
    });

    test('the master keys in use are told', async () => {
      const seal = (key: string) => ({ v: 1, key, wrapped: '', text: '' });
      const secrets = JSON.stringify({ password: seal('k2'), token: seal('k1') });
      const row = { id: newId('account'), connector: 's3', name: 'K', credentials: '{}', secrets };
      await insertAccount(db, row);
      assert.deepEqual(await masterKeysInUse(db), ['k1', 'k2']);
    });

    test('a local DataSet is listed for its owner and co-owners', async () => {
      const [owner, co, other] = [await newPerson(db), await newPerson(db), await newPerson(db)];
      const { id } = await insertLocalDataset(db, {
        id: newId('dataset'),
        name: 'Sales',
        ownerId: owner.id,
        coOwnerIds: [co.id],
        columns: JSON.stringify([{ name: 'id', type: 'LONG' }]),
        rowCount: 5_000_000_000,
        byteCount: 1,
        file: 'x.csv',
      });
      assert.equal((await findLocalDataset(db, id))?.rowCount, 5_000_000_000);
      assert.deepEqual((await findLocalDataset(db, id))?.columns, [{ name: 'id', type: 'LONG' }]);
      for (const { id: person } of [owner, co]) assert.equal((await listLocalDatasets(db, person)).length, 1);
      assert.deepEqual(await listLocalDatasets(db, other.id), []);
      assert.equal((await updateLocalDataset(db, id, { coOwnerIds: [] }))?.coOwnerIds.length, 0);
      assert.deepEqual(await listLocalDatasets(db, co.id), []);
      assert.equal((await deleteLocalDataset(db, id))?.file, 'x.csv');
      assert.ok(!(await listLocalDatasets(db)).some((one) => one.id === id));
    });

    test('writebacks are listed page by page, and a deleted one is gone', async () => {
      const { id: ownerId } = await newPerson(db);
      const ids = [];
      for (let i = 0; i < 3; i++) ids.push((await newWriteback(db, ownerId)).id);
      const page = await listWritebacks(db, { ownerId, limit: 2 });
      assert.deepEqual(
        page.map(({ id }) => id),
        ids.slice(0, 2),
      );
      const rest = await listWritebacks(db, { ownerId, limit: 2, after: ids[1] });
      assert.deepEqual(
        rest.map(({ id }) => id),
        ids.slice(2),
      );
      await updateWriteback(db, ids[0]!, { deletedAt: new Date() });
      assert.equal(await findWriteback(db, ids[0]!), undefined);
      assert.equal((await listWritebacks(db, { ownerId, limit: 9 })).length, 2);
    });

    test('every version of a writeback is kept, and an edit of an old one is refused', async () => {
      const { id } = await newWriteback(db);
      for (const version of [1, 2]) {
        await insertWritebackVersion(db, {
          writebackId: id,
          version,
          definition: JSON.stringify({ version }),
        });
      }
      assert.equal((await updateWriteback(db, id, { version: 2 }, 1))?.version, 2);
      assert.equal(await updateWriteback(db, id, { version: 2 }, 1), undefined);
      assert.deepEqual((await findWritebackVersion(db, id, 1))?.definition, { version: 1 });
      assert.deepEqual(
        (await listWritebackVersions(db, id)).map(({ version }) => version),
        [2, 1],
      );
    });

    test('a due schedule is taken once, however many schedulers look', async () => {
      const now = new Date();
      const due = new Date(now.getTime() - minute);
      const { id } = await newWriteback(db);
      await saveSchedule(db, { writebackId: id, definition: '{"every":"day"}', nextDueAt: due });
      await db.transaction().execute(async (first) => {
        assert.deepEqual(
          (await takeDueSchedules(first, now, 10)).map(({ writebackId }) => writebackId),
          [id],
        );
        const second = await db.transaction().execute((trx) => takeDueSchedules(trx, now, 10));
        assert.deepEqual(second, []);
        await advanceSchedule(first, id, due, new Date(now.getTime() + minute));
      });
      assert.deepEqual(await takeDueSchedules(db, now, 10), []);
      assert.deepEqual((await findSchedule(db, id))?.lastDueAt, due);
    });

    test('a paused writeback is not due, a new schedule takes the place of the old one', async () => {
      const past = new Date(0);
      const { id } = await newWriteback(db);
      await saveSchedule(db, { writebackId: id, definition: '{}', nextDueAt: null });
      await saveSchedule(db, { writebackId: id, definition: '{"every":"hour"}', nextDueAt: past });
      assert.deepEqual((await findSchedule(db, id))?.definition, { every: 'hour' });
      await updateWriteback(db, id, { state: 'paused', pausedBecause: 'You lost the DataSet.' });
      assert.deepEqual(await takeDueSchedules(db, new Date(), 10), []);
      await deleteSchedule(db, id);
      assert.equal(await findSchedule(db, id), undefined);
    });

    test('a writeback never has two live runs, however many are started at once', async () => {
      const { id: writebackId } = await newWriteback(db);
      const start = () => db.transaction().execute((trx) => insertRun(trx, newRun(writebackId)));
      const started = await Promise.allSettled(Array.from({ length: 20 }, start));
      const refused = started.filter((one) => one.status === 'rejected');
      assert.equal(refused.length, 19);
      assert.ok(refused.every(({ reason }) => isDuplicate(reason, liveRunIndex)));
      const live = await findLiveRun(db, writebackId);
      assert.equal(live?.number, 1);
      await changeRun(db, live!.id, { state: ['queued'] }, { state: 'running' });
      await assert.rejects(start(), (error) => isDuplicate(error, liveRunIndex));
      await changeRun(db, live!.id, { state: ['running'] }, { state: 'succeeded', finishedAt: new Date() });
      assert.equal((await start()).number, 2, 'refused runs took no number');
    });

    test('a finished run cannot come back to life beside a live one', async () => {
      const { id: writebackId } = await newWriteback(db);
      const { id } = await insertRun(db, newRun(writebackId));
      await changeRun(db, id, { state: ['queued'] }, { state: 'failed' });
      await insertRun(db, newRun(writebackId));
      await assert.rejects(changeRun(db, id, { state: ['failed'] }, { state: 'queued' }), (error) =>
        isDuplicate(error, liveRunIndex),
      );
    });

    test('one time of a schedule makes one run', async () => {
      const { id: writebackId } = await newWriteback(db);
      const due = new Date();
      const { id } = await insertRun(db, newRun(writebackId, due));
      await changeRun(db, id, { state: ['queued'] }, { state: 'succeeded' });
      await assert.rejects(insertRun(db, newRun(writebackId, due)), (error) =>
        isDuplicate(error, dueRunIndex),
      );
    });

    test('a worker of an earlier attempt changes nothing', async () => {
      const { id: writebackId } = await newWriteback(db);
      const { id } = await insertRun(db, newRun(writebackId));
      await changeRun(db, id, { state: ['queued'] }, { state: 'running', attempt: 1 });
      await changeRun(db, id, { state: ['running'], attempt: 1 }, { attempt: 2 });
      const late = await changeRun(db, id, { state: ['running'], attempt: 1 }, { state: 'succeeded' });
      assert.equal(late, undefined);
      assert.equal((await findRun(db, id))?.state, 'running');
    });

    test('runs are listed from the newest, by writeback and state, and old ones are removed with their log', async () => {
      const { id: writebackId } = await newWriteback(db);
      const ids: string[] = [];
      for (const day of [1, 2, 3]) {
        const { id } = await insertRun(db, newRun(writebackId));
        const finishedAt = new Date(Date.UTC(2020, 0, day));
        await changeRun(db, id, { state: ['queued'] }, { state: 'succeeded', finishedAt });
        await insertRunEvents(db, [{ runId: id, attempt: 1, level: 'info', text: 'done' }]);
        ids.unshift(id);
      }
      const listed = async (filter: object) =>
        (await listRuns(db, { writebackId, limit: 2, ...filter })).map(({ id }) => id);
      assert.deepEqual(await listed({}), ids.slice(0, 2));
      assert.deepEqual(await listed({ before: ids[1] }), ids.slice(2));
      assert.deepEqual(await listed({ state: 'failed' }), []);
      assert.equal(await deleteRunsBefore(db, new Date(Date.UTC(2020, 0, 3))), 2);
      assert.deepEqual(await listed({}), ids.slice(0, 1));
      assert.deepEqual(await runEventsAfter(db, ids[2]!, 0, 10), []);
    });

    test('a part is fenced by its attempt', async () => {
      const { id: writebackId } = await newWriteback(db);
      const { id: runId } = await insertRun(db, newRun(writebackId));
      await insertParts(db, [
        { runId, number: 1, definition: '{"day":1}' },
        { runId, number: 2, definition: '{}' },
      ]);
      const first = await takePart(db, runId, 1);
      const second = await takePart(db, runId, 1);
      assert.equal(second?.attempt, 2);
      assert.equal(await changePart(db, first!, { checkpoint: '{"rows":1}' }), false);
      assert.equal(await changePart(db, second!, { checkpoint: '{"rows":2}', state: 'succeeded' }), true);
      assert.equal(await takePart(db, runId, 1), undefined, 'a finished part is not done again');
      assert.deepEqual(
        (await listParts(db, runId)).map(({ checkpoint, state }) => [checkpoint, state]),
        [
          [{ rows: 2 }, 'succeeded'],
          [null, 'queued'],
        ],
      );
    });

    test('the log of a run is read on from where a reader was', async () => {
      const { id: writebackId } = await newWriteback(db);
      const { id: runId } = await insertRun(db, newRun(writebackId));
      const line = (text: string) => ({
        runId,
        attempt: 1,
        level: 'info' as const,
        text,
        fields: '{"rows":1}',
      });
      await insertRunEvents(db, ['one', 'two', 'three'].map(line));
      await insertRunEvents(db, []);
      const [one] = await runEventsAfter(db, runId, 0, 1);
      assert.deepEqual([one?.text, one?.fields], ['one', { rows: 1 }]);
      assert.deepEqual(
        (await runEventsAfter(db, runId, one!.id, 10)).map(({ text }) => text),
        ['two', 'three'],
      );
    });

    test('rejected rows of an attempt that is done again are there once', async () => {
      const { id: writebackId } = await newWriteback(db);
      const { id: runId } = await insertRun(db, newRun(writebackId));
      const row = (number: number, reason: string) => ({
        runId,
        number,
        row: number * 10,
        reason,
        cells: '1,"a,b"',
      });
      await saveRejectedRows(db, [row(1, 'too long'), row(2, 'no number')]);
      await saveRejectedRows(db, [row(1, 'far too long')]);
      await saveRejectedRows(db, []);
      const found = await rejectedRowsAfter(db, runId, 0, 10);
      assert.deepEqual(
        found.map(({ number, reason, cells }) => [number, reason, cells]),
        [
          [1, 'far too long', '1,"a,b"'],
          [2, 'no number', '1,"a,b"'],
        ],
      );
      assert.equal((await rejectedRowsAfter(db, runId, 1, 10)).length, 1);
      await deleteRejectedRows(db, runId);
      assert.deepEqual(await rejectedRowsAfter(db, runId, 0, 10), []);
    });

    test('an output DataSet is appended to or replaced, and a run that is done again adds its rows once', async () => {
      const { id: writebackId } = await newWriteback(db);
      const [first, second] = [newId('run'), newId('run')];
      const cells = async () =>
        (await outputRowsAfter(db, writebackId, undefined, 10)).map((row) => row.cells);
      await appendOutputRows(db, { writebackId, runId: first }, [{ rows: 1 }, { rows: 2 }]);
      await appendOutputRows(db, { writebackId, runId: second }, [{ rows: 3 }]);
      await appendOutputRows(db, { writebackId, runId: second }, [{ rows: 4 }]);
      assert.deepEqual(await cells(), [{ rows: 1 }, { rows: 2 }, { rows: 4 }]);
      const after = await outputRowsAfter(db, writebackId, { runId: first, number: 1 }, 10);
      assert.deepEqual(
        after.map((row) => row.cells),
        [{ rows: 2 }, { rows: 4 }],
      );
      await db
        .transaction()
        .execute((trx) => replaceOutputRows(trx, { writebackId, runId: second }, [{ rows: 9 }]));
      assert.deepEqual(await cells(), [{ rows: 9 }]);
    });

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
