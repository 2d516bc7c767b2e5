import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type MongoServer, startMongo } from '../../../test/servers/mongo-stand-in.ts';
import { reach, reader, steps, three, work, ways, write, writer } from '../../../test/servers/mongo-trial.ts';
import { TemporaryError } from '../../errors.ts';

for (const { title, connector } of ways) {
  describe(`mongodb, strictly: connections and refusals (${title})`, () => {
    let server: MongoServer;
    before(async () => {
      server = await startMongo({ users: [writer, reader] });
    });
    after(() => server.stop());

    test('a wrong password, and a user who may only read, are told apart', async () => {
      const wrong = { ...reach(server), password: 'nonsense' };
      await assert.rejects(write({ connector, credentials: wrong }, three), {
        name: 'UserError',
        code: 'mongodb-login-refused',
        field: 'password',
      });
      await assert.rejects(write({ connector, credentials: reach(server, reader) }, three), {
        name: 'UserError',
        code: 'mongodb-not-authorised',
      });
      const seen = await steps({ connector, credentials: reach(server, reader) });
      assert.deepEqual(
        seen.map(({ name, ok }) => [name, ok]),
        [
          ['connect', true],
          ['sign in', true],
          ['permission', false],
        ],
      );
      assert.match(seen.at(-1)!.remedy!, /readWrite/);
    });

    test('a connection that drops midway is a TemporaryError, the target stays, the next attempt mends', async () => {
      server.clear();
      await write({ connector, credentials: reach(server) }, three);
      for (const drop of ['before', 'after'] as const) {
        server.fault({ command: 'insert', drop });
        const one = { connector, credentials: reach(server), run: `run-${drop}` };
        await assert.rejects(
          write(one, '8,Eve,1\n'),
          (error) => error instanceof TemporaryError && error.code === 'mongodb-host-unreachable',
        );
        assert.equal(server.documents('shop', 'sales')!.length, 3);
      }
      server.fault({ command: 'renameCollection', skip: 1, drop: 'after' });
      await assert.rejects(
        write({ connector, credentials: reach(server), run: 'lost' }, '8,Eve,1\n'),
        TemporaryError,
      );
      await write({ connector, credentials: reach(server), run: 'lost' }, '8,Eve,1\n');
      assert.equal(server.documents('shop', 'sales')!.length, 1);
      assert.deepEqual(server.collections('shop'), ['sales']);
    });

    test('an append whose answer was lost does not write twice', async () => {
      server.clear();
      const one = { connector, credentials: reach(server), details: { writeMode: 'append' } };
      server.fault({ command: 'insert', drop: 'after' });
      server.fault({ command: 'delete', drop: 'before', times: 5 });
      await assert.rejects(write(one, three), TemporaryError);
      await assert.rejects(write(one, three), TemporaryError);
      const receipt = await write(one, three).catch(() => write(one, three));
      assert.equal(receipt.rowsWritten, 3);
      assert.equal(server.documents('shop', 'sales')!.length, 3);
    });

    test('a full disk and a server that is not primary are told, and nothing is published', async () => {
      server.clear();
      const refusals = [
        { code: 14_031, codeName: 'OutOfDiskSpace', told: 'mongodb-disk-full' },
        { code: 10_107, codeName: 'NotWritablePrimary', told: 'mongodb-not-primary' },
      ];
      for (const { told, ...error } of refusals) {
        server.fault({ command: 'insert', error: { ...error, message: 'no' } });
        await assert.rejects(write({ connector, credentials: reach(server) }, three), {
          name: 'TemporaryError',
          code: told,
        });
      }
      assert.deepEqual(server.collections('shop'), []);
    });

    test('wrong fields are refused before anything is sent', () => {
      const good = reach(server);
      const refused: [object, string][] = [
        [{ ...good, host: '' }, 'mongodb-host-missing'],
        [{ ...good, host: 'a/b?c' }, 'mongodb-host-malformed'],
        [{ ...good, password: undefined }, 'mongodb-password-missing'],
        [{ ...good, databaseName: 'a b' }, 'mongodb-database-name-not-allowed'],
        [{ databaseName: 'shop', connectionString: 'http://x' }, 'mongodb-connection-string-malformed'],
        [
          { databaseName: 'shop', connectionString: 'mongodb://x/?tlsInsecure=true' },
          'mongodb-connection-string-malformed',
        ],
      ];
      for (const [credentials, code] of refused) {
        assert.throws(() => work({ connector, credentials: credentials as Record<string, unknown> }), {
          name: 'UserError',
          code,
        });
      }
    });

    test('a connection string reaches the server, and its password is hidden', async () => {
      server.clear();
      const connectionString = `mongodb://writer:${encodeURIComponent(writer.password)}@127.0.0.1:${server.port}/?authSource=admin`;
      const receipt = await write(
        { connector, credentials: { connectionString, databaseName: 'shop' } },
        three,
      );
      assert.equal(receipt.location[0], `mongodb://127.0.0.1:${server.port}/shop.sales`);
      assert.equal(server.documents('shop', 'sales')!.length, 3);
    });
  });
}
