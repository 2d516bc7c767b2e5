import assert from 'node:assert/strict';
import { networkInterfaces } from 'node:os';
import { test } from 'node:test';
import Fastify from 'fastify';
import { isFromHere, listen } from './listen.ts';

test('a connection that the gate does not admit is reset, and others are answered until the server closes', async () => {
  const server = Fastify();
  server.get('/', async () => 'here');
  let isOpen = false;
  const listener = await listen(server, '127.0.0.1', 0, () => isOpen);
  const call = async () => (await fetch(listener.url)).text();
  const endsWith = (code: string) => (error: Error) => (error.cause as NodeJS.ErrnoException).code === code;
  await assert.rejects(call(), endsWith('ECONNRESET'));
  isOpen = true;
  assert.equal(await call(), 'here');
  await listener.close(1000);
  await assert.rejects(call(), endsWith('ECONNREFUSED'));
});

test('what comes from this machine is told by its address, however it is written', () => {
  const at = (remoteAddress: string, localAddress: string) => isFromHere({ remoteAddress, localAddress });
  assert.ok(at('127.0.0.1', '127.0.0.1'));
  assert.ok(at('::ffff:127.0.0.9', '::ffff:127.0.0.1'));
  assert.ok(at('::1', '::1'));
  assert.ok(at('192.168.1.5', '192.168.1.5'), 'this machine by its own address');
  assert.ok(!at('192.168.1.6', '192.168.1.5'));
  assert.ok(!at('172.17.0.1', '172.17.0.2'), "a container's host");
  assert.ok(!at('::ffff:192.168.127.1', '::ffff:192.168.1.5'));
});

test('this machine is known by each of its addresses', async () => {
  const server = Fastify();
  server.get('/', async () => 'here');
  const listener = await listen(server, '0.0.0.0', 0, isFromHere);
  const { port } = new URL(listener.url);
  const own = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const addresses = own.filter(({ family }) => family === 'IPv4').map(({ address }) => address);
  for (const address of addresses)
    assert.equal(await (await fetch(`http://${address}:${port}`)).text(), 'here');
  await listener.close(1000);
});
