import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import Fastify from 'fastify';
import { listen } from './listen.ts';

test('a client that is between two calls goes on over its connection while the server moves', async (context) => {
  const server = Fastify();
  server.get('/', async () => 'here');
  const listener = await listen(server, '127.0.0.1', 0);
  const { port } = new URL(listener.url);
  const agent = new Agent({ keepAlive: true });
  context.after(() => agent.destroy());
  const call = async () => {
    const asked = request({ host: '127.0.0.1', port, agent }).end();
    const [answer] = (await once(asked, 'response')) as [IncomingMessage];
    return [await text(answer), asked.reusedSocket];
  };
  assert.deepEqual(await call(), ['here', false]);
  await listener.move('0.0.0.0');
  assert.equal(listener.url, `http://0.0.0.0:${port}`);
  assert.deepEqual(await call(), ['here', true]);
  agent.destroy();
  assert.deepEqual(await call(), ['here', false], 'and new ones are taken');
  await listener.close(1000);
  agent.destroy();
  await assert.rejects(call(), { code: 'ECONNREFUSED' });
});
