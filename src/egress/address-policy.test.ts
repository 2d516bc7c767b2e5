import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { describe, test } from 'node:test';
import { request } from 'undici';
import { type BlockedAttempt, addressPolicy } from './address-policy.ts';
import { createEgress } from './egress.ts';
import { createDispatcher } from './http.ts';

const strict = addressPolicy({ allow: [] });
const asked = (address: string) => () =>
  strict(address, [{ address, family: address.includes(':') ? 6 : 4 }]);

describe('addresses', () => {
  const special = {
    loopback: ['127.0.0.1', '127.255.0.9', '::1'],
    'cloud metadata': [
      '169.254.169.254',
      '100.100.100.200',
      '192.0.0.192',
      'fd00:ec2::254',
      '::ffff:169.254.169.254',
    ],
    'link-local': ['169.254.1.1', 'fe80::1'],
    multicast: ['224.0.0.1', 'ff02::1'],
    private: ['10.1.2.3', '172.31.255.255', '192.168.0.1', '100.64.0.1', 'fd12::1', '::ffff:10.0.0.1'],
    reserved: ['0.0.0.0', '255.255.255.255', '::', '::7f00:1', '64:ff9b::7f00:1', '2002:7f00:1::', '2001::1'],
  };
  for (const [rule, addresses] of Object.entries(special))
    test(`${rule} is blocked, and said to be so`, () => {
      for (const address of addresses)
        assert.throws(
          asked(address),
          { code: 'egress-blocked', message: new RegExp(`is a ${rule} address`) },
          address,
        );
    });

  test('public addresses pass, those beside a blocked range too', () => {
    for (const address of ['1.1.1.1', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '169.253.255.255'])
      assert.doesNotThrow(asked(address), address);
  });

  test('one blocked address refuses a name with public ones', () => {
    const mixed = [
      { address: '93.184.216.34', family: 4 },
      { address: '10.0.0.1', family: 4 },
    ];
    assert.throws(() => strict('rebind.example', mixed), { code: 'egress-blocked', message: /10\.0\.0\.1/ });
  });
});

describe('what the operator allows', () => {
  test('a range, an address, a name, and a name at one port', () => {
    const policy = addressPolicy({ allow: ['10.20.0.0/16', '192.168.7.7', 'mongo.internal:27017', 'files'] });
    const at = (host: string, address: string, port?: number) => () =>
      policy(host, [{ address, family: 4 }], port);
    assert.doesNotThrow(at('db', '10.20.3.4'));
    assert.throws(at('db', '10.21.0.1'));
    assert.doesNotThrow(at('db', '192.168.7.7'));
    assert.throws(at('db', '192.168.7.8'));
    assert.doesNotThrow(at('Mongo.Internal', '10.0.0.1', 27017));
    assert.throws(at('mongo.internal', '10.0.0.1', 22));
    assert.doesNotThrow(at('files', '127.0.0.1', 22));
  });

  test('an entry that is neither range nor name is refused', () => {
    for (const entry of ['10.0.0.0/33', 'fe80::/129', '10.0.0.0/8/8', '127.1', '0x7f000001', 'a b', ''])
      assert.throws(() => addressPolicy({ allow: [entry] }), { code: 'egress-allow-invalid' }, entry);
  });
});

describe('sockets', () => {
  test('no way of writing this machine gets through, and each attempt is told', async () => {
    const server = createServer((socket) => socket.end('secret'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const attempts: BlockedAttempt[] = [];
    const egress = createEgress(addressPolicy({ allow: [], onBlocked: (attempt) => attempts.push(attempt) }));
    const spellings = [
      '127.0.0.1',
      '127.1',
      '2130706433',
      '0x7f.1',
      'localhost',
      '[::1]',
      '[::ffff:127.0.0.1]',
      '0',
    ];
    for (const host of spellings)
      await assert.rejects(egress.connect({ host, port }), { code: 'egress-blocked' }, host);
    assert.equal(attempts.length, spellings.length);
    assert.deepEqual([...new Set(attempts.map((attempt) => attempt.port))], [port]);
    await new Promise((done) => server.close(done));
  });

  test('a redirect is checked like a first request', async () => {
    const inner = createHttpServer((_, answer) => answer.end('secret')).listen(0, '127.0.0.1');
    await once(inner, 'listening');
    const target = `http://127.0.0.1:${(inner.address() as AddressInfo).port}/`;
    const outer = createHttpServer((_, answer) => answer.writeHead(302, { location: target }).end());
    outer.listen(0, '127.0.0.1');
    await once(outer, 'listening');
    const { port } = outer.address() as AddressInfo;
    const dispatcher = await createDispatcher(createEgress(addressPolicy({ allow: [`localhost:${port}`] })));
    const { headers } = await request(`http://localhost:${port}/`, { dispatcher });
    await assert.rejects(request(String(headers['location']), { dispatcher }), { code: 'egress-blocked' });
    await dispatcher.destroy();
    for (const server of [inner, outer]) {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    }
  });

  test('loopback is reached where it is allowed', async () => {
    const server = createServer((socket) => socket.end('hello'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const egress = createEgress(addressPolicy({ allow: [], allowLoopback: true }));
    const socket = await egress.connect({ host: '127.0.0.1', port });
    const [bytes] = (await once(socket, 'data')) as [Buffer];
    assert.equal(bytes.toString(), 'hello');
    socket.destroy();
    await new Promise((done) => server.close(done));
  });
});
