import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type MongoServer, startMongo } from '../../../test/servers/mongo-stand-in.ts';
import { reach, ways, write, writer } from '../../../test/servers/mongo-trial.ts';
import { type TestTls, makeTls } from '../../../test/servers/tls.ts';
import type { Column } from '../../dataset/dataset.ts';
import { TemporaryError } from '../../errors.ts';

/** So many make five batches, each other in length and in bytes. */
const rows = 4_000;
const noteOf = (id: number) => `${id}:${'x'.repeat((id * 7) % 3_200)}`;

async function* many(from = 1, to = rows) {
  for (let id = from; id <= to; id += 100) {
    const length = Math.min(100, to - id + 1);
    yield Buffer.from(
      Array.from({ length }, (_, offset) => `${id + offset},${noteOf(id + offset)},1\n`).join(''),
    );
  }
}

/** Every row is there once, as it was sent. */
function assertWhole(server: MongoServer): void {
  const found = server.documents('shop', 'sales') ?? [];
  const ids = new Set(found.map(({ id }) => Number(id)));
  assert.deepEqual([found.length, ids.size], [rows, rows]);
  for (const { id, name } of found) assert.equal(name, noteOf(Number(id)));
}

for (const { title, connector } of ways) {
  describe(`mongodb, several batches in flight (${title})`, () => {
    let tls: TestTls;
    let server: MongoServer;
    let encrypted: MongoServer;
    before(async () => {
      tls = await makeTls();
      server = await startMongo({ users: [writer] });
      encrypted = await startMongo({ users: [writer], tls });
    });
    after(async () => {
      await Promise.all([server.stop(), encrypted.stop(), tls.stop()]);
    });

    test('answered late and out of turn, every batch arrives as it was', async () => {
      const certified = { certificateFormat: 'text', certificate: tls.ca };
      const places = [
        [server, {}],
        [encrypted, certified],
      ] as const;
      for (const [place, more] of places) {
        place.clear();
        for (const delay of [60, 5, 30, 0, 20]) place.fault({ command: 'insert', delay });
        const receipt = await write({ connector, credentials: { ...reach(place), ...more } }, many());
        assert.equal(receipt.rowsWritten, rows);
        assertWhole(place);
      }
    });

    test('one refused, or its connection lost, while others are on their way: nothing is published', async () => {
      const one = { connector, credentials: reach(server), run: 'run-1' };
      const error = { code: 8000, codeName: 'Broken', message: 'no' };
      for (const fault of [{ error }, { drop: 'before' }, { drop: 'after' }] as const) {
        server.clear();
        server.fault({ command: 'insert', delay: 40, times: 2 });
        server.fault({ command: 'insert', skip: 1, ...fault });
        await assert.rejects(write(one, many()), TemporaryError);
        assert.deepEqual(server.collections('shop'), []);
        assert.equal((await write(one, many())).rowsWritten, rows);
        assertWhole(server);
      }
    });

    test('an append that was cut midway is completed by its replay, each row once', async () => {
      server.clear();
      const one = { connector, credentials: reach(server), details: { writeMode: 'append' } };
      server.fault({ command: 'insert', skip: 2, drop: 'after' });
      // What a killed process leaves: it takes nothing back.
      server.fault({ command: 'delete', drop: 'before' });
      await assert.rejects(write(one, many()), TemporaryError);
      assert.ok(server.documents('shop', 'sales')!.length > 0);
      assert.equal((await write(one, many())).rowsWritten, rows);
      assertWhole(server);
    });

    test('a batch that becomes several commands: refusals still name their rows', async () => {
      server.clear();
      // One character a cell under long names: 60 times as many bytes in BSON.
      const wide: Column[] = Array.from({ length: 60 }, (_, index) => ({
        name: index === 0 ? '_id' : `${'a long name of a column '.repeat(4)}${index}`,
        type: index === 0 ? 'LONG' : 'STRING',
      }));
      const record = (id: number) => `${id}${',v'.repeat(59)}\n`;
      const repeated = new Map([
        [900, 899],
        [2_500, 1],
        [3_999, 3_998],
      ]);
      const csv = Array.from({ length: 4_000 }, (_, row) => record(repeated.get(row + 1) ?? row + 1)).join(
        '',
      );
      const from = server.commands.length;
      const details = { rejectedRowsLimit: 3, batchesInFlight: 1 };
      const receipt = await write({ connector, credentials: reach(server), columns: wide, details }, csv);
      assert.ok(server.commands.slice(from).filter((name) => name === 'insert').length > 2);
      assert.equal(receipt.rowsWritten, 3_997);
      assert.deepEqual(
        receipt.rejected.map(({ row }) => row),
        [...repeated.keys()],
      );
    });
  });
}
