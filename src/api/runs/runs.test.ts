import assert from 'node:assert/strict';
import { type AddressInfo } from 'node:net';
import { after, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { apiParts } from '../../../test/servers/api-parts.ts';
import { apiRig } from '../../../test/servers/api-rig.ts';
import { openBothStores, quiet } from '../../../test/servers/store-places.ts';
import { newPerson, newRun, newWriteback } from '../../../test/servers/store-rows.ts';
import { contract } from '../../contract/contract.ts';
import { endRun, startRun, takeRun } from '../../run/run.ts';
import { saveRejectedRows } from '../../store/rejected-row.ts';
import { insertRunEvents } from '../../store/run-event.ts';
import { apiHandlers } from '../handlers.ts';
import { type CallContext, serve } from '../serve.ts';

for (const { name, store } of await openBothStores()) {
  const db = store.kysely;
  const parts = await apiParts(store);

  describe(`runs on the ${name}`, async () => {
    after(() => parts.engine.stop(1000));
    const handlers = apiHandlers(parts);
    const call = apiRig(contract, handlers);
    const [ann, bob] = [await newPerson(db), await newPerson(db)];
    const queued = async (writebackId?: string) => {
      const id = writebackId ?? (await newWriteback(db, ann.id)).id;
      return db.transaction().execute((transaction) => startRun(transaction, parts.engine, newRun(id)));
    };
    const ended = async (writebackId?: string) => {
      const { id } = await queued(writebackId);
      const run = (await takeRun(db, id, 'worker'))!;
      const error = { code: 'sftp-refused', message: 'Refused.', temporary: false };
      return (await endRun(db, run, { state: 'failed', error, rowsRead: 5 }))!;
    };

    test('the list goes back in time, page by page, and is narrowed', async () => {
      const { id } = await newWriteback(db, ann.id);
      const runs = [await ended(id), await ended(id), await queued(id)];
      const url = `/runs?writebackId=${id}`;
      const first = (await call(bob, 'GET', `${url}&limit=2`)).body;
      const second = (await call(bob, 'GET', `${url}&limit=2&after=${first.next}`)).body;
      const ids = [...first.items, ...second.items].map((run: { id: string }) => run.id);
      assert.deepEqual(ids, runs.map((run) => run.id).toReversed());
      assert.equal(second.next, undefined);
      const failed = (await call(bob, 'GET', `${url}&state=failed`)).body.items;
      assert.deepEqual(failed[0].error, { code: 'sftp-refused', message: 'Refused.' });
      assert.deepEqual([failed.length, failed[0].rowsRead], [2, 5]);
      assert.equal('worker' in failed[0], false);
    });

    test('a run is canceled once, and not when it is over', async () => {
      const { id } = await queued();
      assert.equal((await call(bob, 'POST', `/runs/${id}/cancel`)).status, 202);
      assert.equal((await call(bob, 'GET', `/runs/${id}`)).body.state, 'canceled');
      const again = await call(bob, 'POST', `/runs/${id}/cancel`);
      assert.deepEqual([again.status, again.body.code], [409, 'run-over-conflict']);
      assert.equal((await call(bob, 'POST', '/runs/run_0/cancel')).status, 404);
    });

    test('a run is tried again with the version that it ran', async () => {
      const run = await ended();
      const { body } = await call(bob, 'POST', `/runs/${run.id}/retry`);
      const next = (await call(bob, 'GET', `/runs/${body.runId}`)).body;
      assert.deepEqual([next.number, next.version, next.writebackId], [2, 1, run.writebackId]);
    });

    test('the log comes in pages', async () => {
      const { id } = await ended();
      const lines = Array.from({ length: 5 }, (_, index) => ({
        runId: id,
        attempt: 1,
        kind: 'log' as const,
        level: 'info' as const,
        message: `line ${index}`,
      }));
      await insertRunEvents(db, lines);
      const first = (await call(ann, 'GET', `/runs/${id}/log?limit=6`)).body;
      const rest = (await call(ann, 'GET', `/runs/${id}/log?limit=6&after=${first.next}`)).body;
      const messages = [...first.items, ...rest.items].map(({ message }: { message: string }) => message);
      assert.deepEqual(messages.slice(-5), ['line 0', 'line 1', 'line 2', 'line 3', 'line 4']);
      assert.equal(new Set(messages).size, messages.length);
    });

    test('rejected rows are listed for everybody, their cells are for the owner', async () => {
      const { id } = await ended();
      const rows = [1, 2, 3].map((number) => ({
        row: number * 10,
        column: number === 2 ? null : 'id',
        reason: 'Not a number, "really".',
        cells: number === 3 ? null : `x${number},"y"`,
      }));
      const columns = ['id', 'a,b'].map((name) => ({ name, type: 'STRING' }));
      await saveRejectedRows(db, id, { id: 'd', name: 'Sales', columns }, rows);
      const first = (await call(bob, 'GET', `/runs/${id}/rejected?limit=2`)).body;
      const rest = (await call(bob, 'GET', `/runs/${id}/rejected?limit=2&after=${first.next}`)).body;
      assert.deepEqual(
        [...first.items, ...rest.items].map(({ row }: { row: number }) => row),
        [10, 20, 30],
      );
      assert.equal((await call(bob, 'GET', `/runs/${id}/rejected.csv`)).status, 403);
      const { body } = await call(ann, 'GET', `/runs/${id}/rejected.csv`);
      assert.deepEqual(body.split('\n'), [
        'id,"a,b",_ROW_,_COLUMN_,_REASON_',
        'x1,"y",10,id,"Not a number, ""really""."',
        'x2,"y",20,,"Not a number, ""really""."',
        ',,30,id,"Not a number, ""really""."',
        '',
      ]);
      assert.equal((await call(ann, 'GET', `/runs/${id}/rejected?after=99999999999999999999`)).status, 200);
    });

    test('a line that is there later than the one after it is told all the same', async () => {
      const { id } = await queued();
      const run = (await takeRun(db, id, 'worker'))!;
      const line = (message: string) => ({ runId: id, attempt: 1, kind: 'log' as const, message });
      const gone = new AbortController();
      const events = await handlers.runEvents({ params: { id }, query: undefined, body: undefined }, {
        request: { headers: {} },
        signal: gone.signal,
      } as unknown as CallContext);
      const messages: string[] = [];
      const read = (async () => {
        for await (const { message } of events) messages.push(message);
      })();
      const slow = await store.pool.connect();
      await slow.query('begin');
      await slow.query(
        `insert into writeback.run_event (run_id, attempt, kind, message) values ($1, 1, 'log', 'late')`,
        [id],
      );
      await insertRunEvents(db, [line('early')]);
      while (!messages.includes('early')) await sleep(10);
      await slow.query('commit');
      slow.release();
      while (!messages.includes('late')) await sleep(10);
      await endRun(db, run, { state: 'succeeded' });
      await read;
      assert.deepEqual(messages, ['Queued.', 'Attempt 1 began.', 'early', 'late', 'The run succeeded.']);
    });

    test('events come as they happen, go on after a break, and end with the run', async () => {
      const server = serve({
        contract,
        handlers,
        identify: async () => ({ personId: ann.id, role: 'editor' }),
        log: quiet,
      });
      await server.listen({ port: 0, host: '127.0.0.1' });
      const { port } = server.server.address() as AddressInfo;
      const { id } = await queued();
      const read = async (lastId?: string) => {
        const headers = lastId === undefined ? {} : { 'last-event-id': lastId };
        return fetch(`http://127.0.0.1:${port}/api/runs/${id}/events`, { headers });
      };
      const answer = await read();
      const progress = (rows: number) => ({
        runId: id,
        attempt: 1,
        kind: 'progress' as const,
        message: 'Rows.',
        rows,
      });
      const run = (await takeRun(db, id, 'worker'))!;
      await insertRunEvents(db, [progress(1), progress(2), progress(3)]);
      await endRun(db, run, { state: 'succeeded' });
      const text = await answer.text();
      assert.match(text, /Queued\.[^]*Attempt 1 began\.[^]*The run succeeded\./);
      assert.doesNotMatch(text, /"rows":1/, 'only the newest word on progress counts');
      assert.match(text, /"rows":3/);
      const ids = [...text.matchAll(/^id: (\d+)$/gm)].map(([, one]) => one!);
      const rest = await (await read(ids.at(-2))).text();
      assert.deepEqual(
        [...rest.matchAll(/^id: (\d+)$/gm)].map(([, one]) => one),
        [ids.at(-1)],
      );
      assert.equal((await read(ids.at(-1))).status, 204, 'a browser would come again for ever');
      const running = await fetch(`http://127.0.0.1:${port}/api/runs/${(await queued()).id}/events`);
      const whole = running.text();
      await server.close();
      assert.match(await whole, /Queued/, 'a server that stops ends what would never end');
    });
  });
}
