import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type MongoServer, startMongo } from '../../../test/servers/mongo-stand-in.ts';
import { type TestTls, makeTls } from '../../../test/servers/tls.ts';
import { reach, steps, three, ways, write, writer } from '../../../test/servers/mongo-trial.ts';
import { UserError } from '../../errors.ts';

for (const { title, connector } of ways) {
  describe(`mongodb over TLS (${title})`, () => {
    let tls: TestTls;
    let foreign: TestTls;
    let server: MongoServer;
    before(async () => {
      [tls, foreign] = await Promise.all([makeTls(), makeTls()]);
      server = await startMongo({ users: [writer], tls });
    });
    after(async () => {
      await server.stop();
      await Promise.all([tls.stop(), foreign.stop()]);
    });

    test('with the CA’s text rows arrive, also when it was pasted in one line', async () => {
      for (const certificate of [tls.ca, tls.ca.replaceAll('\n', ' ')]) {
        const credentials = { ...reach(server), certificateFormat: 'text', certificate };
        assert.equal((await write({ connector, credentials }, three)).rowsWritten, 3);
        const seen = await steps({ connector, credentials });
        assert.deepEqual(seen.map(({ name, ok }) => [name, ok])[1], ['certificate', true]);
      }
    });

    test('another CA, or none, is refused', async () => {
      const wrong = { ...reach(server), certificateFormat: 'text', certificate: foreign.ca };
      for (const credentials of [wrong, { ...reach(server), tls: true }]) {
        await assert.rejects(write({ connector, credentials }, three), {
          name: 'UserError',
          code: 'mongodb-certificate-refused',
        });
      }
      const seen = await steps({ connector, credentials: wrong });
      assert.deepEqual(
        seen.map(({ name, ok }) => [name, ok]),
        [
          ['connect', true],
          ['certificate', false],
        ],
      );
    });

    test('text that is no certificate is refused', async () => {
      const credentials = { ...reach(server), certificateFormat: 'text', certificate: 'hello' };
      const error = await write({ connector, credentials }, three).catch((caught: unknown) => caught);
      assert.ok(error instanceof UserError);
      assert.equal(error.code, 'mongodb-certificate-unreadable');
    });
  });
}
