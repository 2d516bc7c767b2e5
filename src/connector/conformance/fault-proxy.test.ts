import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, type Socket, connect, createServer } from 'node:net';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts';

const received: number[] = [];
const echo = createServer((socket) => {
  socket.on('error', () => {});
  socket.on('data', (chunk) => received.push(chunk.length));
  socket.pipe(socket);
});

before(async () => {
  echo.listen(0, '127.0.0.1');
  await once(echo, 'listening');
});
after(() => echo.close());

async function through(
  work: (proxy: FaultProxy, open: () => Promise<Socket>) => Promise<void>,
): Promise<void> {
  const proxy = await startFaultProxy({ host: '127.0.0.1', port: (echo.address() as AddressInfo).port });
  received.length = 0;
  const open = async () => {
    const socket = connect(proxy.port, proxy.host);
    await once(socket, 'connect');
    return socket;
  };
  try {
    await work(proxy, open);
  } finally {
    await proxy.stop();
  }
}

async function readAll(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

const sum = () => received.reduce((total, bytes) => total + bytes, 0);

test('bytes pass whole in both directions and are counted', () =>
  through(async (proxy, open) => {
    const socket = await open();
    const sent = Buffer.alloc(3_000_000, 'abcdefg');
    socket.end(sent);
    assert.deepEqual(await readAll(socket), sent);
    assert.deepEqual([proxy.bytesUp, proxy.bytesDown, proxy.connections], [3_000_000, 3_000_000, 1]);
  }));

test('a cut on the way up lets exactly so many bytes through, then resets, and the link stays cut', () =>
  through(async (proxy, open) => {
    proxy.cutAfterUp(100_000);
    const socket = await open();
    socket.write(Buffer.alloc(200_000));
    await assert.rejects(readAll(socket), { code: 'ECONNRESET' });
    assert.equal(proxy.bytesUp, 100_000);
    assert.ok(sum() <= 100_000);
    const again = connect(proxy.port, proxy.host);
    await assert.rejects(readAll(again), { code: 'ECONNRESET' });
  }));

test('a cut on the way down is counted on the way down', () =>
  through(async (proxy, open) => {
    proxy.cutAfterDown(10);
    const socket = await open();
    socket.write(Buffer.alloc(50));
    await assert.rejects(readAll(socket), { code: 'ECONNRESET' });
    assert.equal(proxy.bytesDown, 10);
    assert.equal(proxy.bytesUp, 50);
  }));

test('latency delays both ways', () =>
  through(async (proxy, open) => {
    proxy.latency(60);
    const socket = await open();
    const started = performance.now();
    socket.write('x');
    await once(socket, 'data');
    assert.ok(performance.now() - started >= 115);
    socket.destroy();
  }));

test('a stalled link is silent but open', () =>
  through(async (proxy, open) => {
    proxy.stall(5);
    const socket = await open();
    let came = 0;
    socket.on('data', (chunk) => (came += chunk.length));
    socket.write('1234567890');
    await sleep(80);
    assert.deepEqual([came, sum(), socket.destroyed], [5, 5, false]);
    socket.destroy();
  }));

test('a refusing link closes its port, a reset one breaks what is open', () =>
  through(async (proxy, open) => {
    const socket = await open();
    socket.write('x');
    await once(socket, 'data');
    proxy.reset();
    await assert.rejects(readAll(socket), { code: 'ECONNRESET' });
    proxy.refuse();
    await assert.rejects(once(connect(proxy.port, proxy.host), 'connect'), { code: 'ECONNREFUSED' });
  }));
