import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { type AddressInfo, type Socket, createServer } from 'node:net';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { dataFolder } from '../../test/servers/store-places.ts';
import {
  type StartedService,
  ownConfiguration,
  startService,
  typed,
} from '../../test/servers/started-service.ts';

/** An entry of the audit log about a blocked attempt. */
interface Audited {
  readonly action: string;
  readonly target: string;
  readonly detail: { readonly address: string; readonly rule: string };
}

/** A server that lets everybody in and says nothing. */
const sockets = new Set<Socket>();
const silent = createServer((socket) => void sockets.add(socket)).listen(0, '127.0.0.1');
await once(silent, 'listening');
after(() => {
  for (const socket of sockets) socket.destroy();
  silent.close();
});
const { port } = silent.address() as AddressInfo;

const config = await ownConfiguration();
const data = await dataFolder();
const service = {
  WRITEBACK_DATA: data,
  WRITEBACK_PORT: '0',
  WRITEBACK_DRAIN_SECONDS: '0',
  SFTP_PASSWORD: 'secretsecret',
  ...config,
};
const write = (...words: string[]) => typed(words, service);

async function runState(): Promise<{ state: unknown; attempt: unknown; error: { code?: string } }> {
  const [run] = (await write('runs')).lines;
  return { state: run?.['state'], attempt: run?.['attempt'], error: run?.['error'] ?? {} };
}

async function until(state: string, attempt: number): Promise<void> {
  for (;;) {
    const now = await runState();
    if (now.state === state && Number(now.attempt) >= attempt) return;
    await sleep(100);
  }
}

describe('a service with a run under way', { timeout: 600_000 }, () => {
  let started: StartedService | undefined;
  let followed: ReturnType<typeof write> | undefined;
  const start = async (development: string) => {
    const WRITEBACK_PORT = started ? new URL(started.url).port : '0';
    const environment = { ...service, WRITEBACK_PORT, WRITEBACK_DEVELOPMENT: development };
    started = await startService(environment);
    return started.setupUrl;
  };

  /** The audit log, as the administrator's key may read it. */
  async function audit(): Promise<Audited[]> {
    const file = join(config['XDG_CONFIG_HOME']!, 'writeback/server.json');
    const { url, apiKey } = JSON.parse(await readFile(file, 'utf8')) as { url: string; apiKey: string };
    const answer = await fetch(`${url}/api/audit?limit=200`, {
      headers: { authorization: `Bearer ${apiKey}` },
    });
    return ((await answer.json()) as { items: Audited[] }).items;
  }

  test('may not reach this machine unless it is for development', async () => {
    const link = await start('');
    const words = [link, 'Ada', 'ada@example.com', 'correct horse battery', 'correct horse battery'];
    assert.equal((await typed(['setup'], service, `${words.join('\n')}\n`)).code, 0);
    await writeFile(join(data, 'people.csv'), 'id\n1\n');
    const server = `hostname: sftp://127.0.0.1, port: ${port}, username: me, acceptUnknownHostKey: true`;
    const lines = [
      'name: Slow',
      'source: { kind: local, path: people.csv }',
      'connector: sftp',
      `credentials: { ${server}, password: "\${SFTP_PASSWORD}" }`,
      'details: { path: /, selectFilename: fileName, filename: slow }',
    ];
    await writeFile(join(data, 'slow.yaml'), lines.join('\n'));
    assert.equal((await write('apply', join(data, 'slow.yaml'))).code, 0);
    assert.equal((await write('run', 'Slow', '--follow')).code, 2);
    const { state, error } = await runState();
    assert.deepEqual([state, error.code], ['failed', 'egress-blocked']);
    assert.equal(sockets.size, 0);
    const { lines: tested, code } = await write('accounts', 'test', 'Slow');
    assert.deepEqual([code, tested.some(({ ok }) => ok === false), sockets.size], [2, true, 0]);
    const blocked = (await audit()).filter(({ action }) => action === 'egress.block');
    assert.ok(blocked.length >= 2, 'by the thread of the run and by the test of the account');
    for (const { target, detail } of blocked)
      assert.deepEqual([target, detail.address, detail.rule], ['127.0.0.1', '127.0.0.1', 'loopback']);
  });

  test('gives the run back when it is asked to end, and goes on with it when it comes again', async () => {
    await started?.end('SIGTERM');
    await start('1');
    assert.equal((await write('run', 'Slow')).code, 0);
    await until('running', 1);
    const begun = Promise.withResolvers<void>();
    const following = typed(['logs', 'Slow', '--follow'], service, '', begun.resolve);
    await begun.promise;
    assert.equal(await started?.end('SIGTERM'), 0);
    await start('1');
    await until('running', 2);
    followed = following;
  });

  test('cancels it', async () => {
    assert.equal((await write('cancel', 'Slow')).code, 0);
    await until('canceled', 2);
    const { code, lines } = await followed!;
    assert.deepEqual([code, lines.at(-1)?.['state']], [130, 'canceled']);
    const messages = lines.flatMap(({ message }) => (typeof message === 'string' ? [message] : []));
    assert.ok(
      messages.includes('Attempt 1 began.') && messages.includes('Attempt 2 began.'),
      messages.join(),
    );
    const told = lines.flatMap(({ event, id }) => (event === 'event' ? [id] : []));
    assert.equal(new Set(told).size, told.length, 'no line comes twice');
    assert.equal((await write('logs', 'Slow', '--follow')).code, 130);
    assert.equal(await started?.end('SIGTERM'), 0);
  });
});
