import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { reach, three, write, writer } from '../../../test/servers/mongo-trial.ts';
import { type MongoServer, startMongo } from '../../../test/servers/mongo-stand-in.ts';
import { type TestTls, makeTls } from '../../../test/servers/tls.ts';

describe('mongodb: a CA certificate by its URL', () => {
  let tls: TestTls;
  let mongo: MongoServer;
  let web: Server;
  before(async () => {
    tls = await makeTls();
    mongo = await startMongo({ users: [writer], tls });
    const pages: Record<string, () => readonly [number, string | Buffer]> = {
      '/ca.crt': () => [200, tls.ca],
      '/page': () => [200, '<html>Sign in first</html>'],
      '/large': () => [200, Buffer.alloc(1_100_000, 'x')],
      '/busy': () => [503, 'later'],
    };
    web = createServer(({ url = '' }, response) => {
      if (url === '/silent') return;
      const [status, body] = pages[url]?.() ?? [404, 'nothing'];
      response.writeHead(status).end(body);
    }).listen(0, '127.0.0.1');
    await once(web, 'listening');
  });
  after(async () => {
    web.closeAllConnections();
    await new Promise((done) => web.close(done));
    await mongo.stop();
    await tls.stop();
  });

  const credentials = (path: string) => {
    const { port } = web.address() as AddressInfo;
    const certificate = path.startsWith('/') ? `http://127.0.0.1:${port}${path}` : path;
    return { ...reach(mongo), certificateFormat: 'url', certificate };
  };

  test('it is fetched and trusted', async () => {
    assert.equal((await write({ credentials: credentials('/ca.crt') }, three)).rowsWritten, 3);
  });

  test('what cannot be fetched, or is no certificate, is told in the words of its kind', async () => {
    const told = [
      ['/none', 'UserError', 'mongodb-certificate-unreachable'],
      ['/busy', 'TemporaryError', 'mongodb-certificate-unreachable'],
      ['http://127.0.0.1:1/ca.crt', 'TemporaryError', 'mongodb-certificate-unreachable'],
      ['/page', 'UserError', 'mongodb-certificate-unreadable'],
      ['/large', 'UserError', 'mongodb-certificate-unreadable'],
      ['ftp://127.0.0.1/ca.crt', 'UserError', 'mongodb-certificate-unreadable'],
    ] as const;
    for (const [path, name, code] of told)
      await assert.rejects(write({ credentials: credentials(path) }, three), {
        name,
        code,
        field: 'certificate',
      });
  });

  test('an abort ends the wait for a server that does not answer', async () => {
    const controller = new AbortController();
    web.once('request', () => controller.abort(new Error('stop')));
    const one = { credentials: credentials('/silent'), signal: controller.signal };
    await assert.rejects(write(one, three), { message: 'stop' });
  });
});
