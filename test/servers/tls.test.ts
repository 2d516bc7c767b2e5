import assert from 'node:assert/strict';
import { createServer } from 'node:https';
import { test } from 'node:test';
import { makeTls } from './tls.ts';
import { createEgress } from '../../src/egress/egress.ts';
import type { AddressInfo } from 'node:net';

test('a client that trusts the CA connects by name and by address; one that does not is refused', async () => {
  const tls = await makeTls();
  const server = createServer({ cert: tls.cert, key: tls.key });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  try {
    for (const host of ['localhost', '127.0.0.1']) {
      const socket = await createEgress().connectTls({ host, port }, { ca: tls.ca });
      assert.equal(socket.authorized, true);
      socket.destroy();
    }
    await assert.rejects(createEgress().connectTls({ host: 'localhost', port }), {
      code: 'certificate-refused',
    });
  } finally {
    server.close();
    await tls.stop();
  }
});
