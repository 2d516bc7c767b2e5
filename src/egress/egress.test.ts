import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, type Server, createServer } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { test } from 'node:test';
import { makeTls } from '../../test/servers/tls.ts';
import { UserError } from '../errors.ts';
import { createEgress } from './egress.ts';
import { createDispatcher } from './http.ts';

const egress = createEgress();

async function listening(server: Server): Promise<{ port: number; stop: () => Promise<unknown> }> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { port, stop: () => new Promise((done) => server.close(done)) };
}

async function closedPort(): Promise<number> {
  const { port, stop } = await listening(createServer());
  await stop();
  return port;
}

test('a socket is connected and carries bytes', async () => {
  const { port, stop } = await listening(createServer((socket) => socket.pipe(socket)));
  const socket = await egress.connect({ host: '127.0.0.1', port });
  socket.write('hello');
  const [bytes] = (await once(socket, 'data')) as [Buffer];
  assert.equal(bytes.toString(), 'hello');
  socket.destroy();
  await stop();
});

test('a closed port is a temporary error with the address', async () => {
  const port = await closedPort();
  await assert.rejects(egress.connect({ host: '127.0.0.1', port }), {
    name: 'TemporaryError',
    code: 'connection-refused',
    message: new RegExp(`127.0.0.1:${port}`),
  });
});

test('a name that does not exist is for the person to mend', async () => {
  await assert.rejects(
    egress.connect({ host: 'does-not-exist.invalid', port: 1 }),
    (error: Error & { code: string }) => {
      assert.ok(['host-not-found', 'host-unreachable'].includes(error.code), error.code);
      return true;
    },
  );
});

test('abort ends the waiting', async () => {
  const reason = new Error('enough');
  await assert.rejects(
    egress.connect({ host: '127.0.0.1', port: await closedPort(), signal: AbortSignal.abort(reason) }),
    reason,
  );
});

test('the policy sees the resolved addresses, and its refusal passes unchanged', async () => {
  const refusal = new UserError('egress-blocked', 'Not there.');
  const strict = createEgress((host, addresses) => {
    assert.equal(host, 'localhost');
    assert.ok(addresses.every(({ address }) => ['127.0.0.1', '::1'].includes(address)));
    throw refusal;
  });
  await assert.rejects(strict.connect({ host: 'localhost', port: 1 }), refusal);
});

test('the policy is asked about a literal address too', async () => {
  const asked: string[] = [];
  const strict = createEgress((host, [first]) => {
    asked.push(`${host} ${first?.address} ${first?.family}`);
    throw new UserError('egress-blocked', 'Not there.');
  });
  await assert.rejects(strict.connect({ host: '127.0.0.1', port: 1 }), { code: 'egress-blocked' });
  await assert.rejects(strict.connect({ host: '::1', port: 1 }), { code: 'egress-blocked' });
  assert.deepEqual(asked, ['127.0.0.1 127.0.0.1 4', '::1 ::1 6']);
});

test('a certificate of an unknown authority is refused, of a known one accepted, of another name refused', async () => {
  const tls = await makeTls();
  const { port, stop } = await listening(
    createTlsServer({ key: tls.key, cert: tls.cert }, (socket) => socket.end('hi')),
  );
  await assert.rejects(egress.connectTls({ host: '127.0.0.1', port }), {
    name: 'UserError',
    code: 'certificate-refused',
  });
  const socket = await egress.connectTls({ host: '127.0.0.1', port }, { ca: tls.ca });
  assert.equal(socket.authorized, true);
  socket.destroy();
  const wrongName = egress.connectTls(
    { host: '127.0.0.1', port },
    { ca: tls.ca, servername: 'files.example.com' },
  );
  await assert.rejects(wrongName, { code: 'certificate-refused' });
  await stop();
  await tls.stop();
});

test('undici connects through egress', async () => {
  const dispatcher = await createDispatcher(
    createEgress(() => {
      throw new UserError('egress-blocked', 'Not there.');
    }),
  );
  const request = dispatcher.request({ origin: 'http://localhost:1', path: '/', method: 'GET' });
  await assert.rejects(request, { code: 'egress-blocked' });
  await dispatcher.close();
});
