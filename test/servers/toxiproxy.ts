import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A fault of toxiproxy: its type, the way it is on, and its attributes (see toxiproxy's README). */
export interface Toxic {
  readonly type: 'latency' | 'bandwidth' | 'slicer' | 'limit_data' | 'reset_peer' | 'timeout';
  readonly stream: 'upstream' | 'downstream';
  readonly attributes: Readonly<Record<string, number>>;
}

/** A running toxiproxy. */
export interface Toxiproxy {
  /** A new proxy before a server, with this fault; returns its address. */
  before(
    upstream: { readonly host: string; readonly port: number },
    toxic: Toxic,
  ): Promise<{ host: string; port: number }>;
  stop(): Promise<void>;
}

const host = '127.0.0.1';

async function freePort(): Promise<number> {
  const server = createServer().listen(0, host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function post(url: string, body: object): Promise<{ listen: string }> {
  const response = await fetch(url, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { connection: 'close' },
  });
  if (!response.ok) throw new Error(`toxiproxy: ${response.status} ${await response.text()}`);
  return (await response.json()) as { listen: string };
}

async function untilReady(url: string, gone: () => boolean): Promise<void> {
  for (let tries = 0; tries < 100 && !gone(); tries += 1) {
    const answers = await fetch(`${url}/version`, { headers: { connection: 'close' } }).then(
      async (response) => (await response.text()) !== '',
      () => false,
    );
    if (answers) return;
    await sleep(50);
  }
  throw new Error('toxiproxy did not start.');
}

/** Starts toxiproxy on a free port; undefined when it is not installed (`install/toxiproxy.sh`). */
export async function startToxiproxy(): Promise<Toxiproxy | undefined> {
  const folder = process.env['WRITEBACK_TEST_BIN'] ?? join(homedir(), '.cache/writeback-test/bin');
  const binary = join(folder, 'toxiproxy');
  const there = await access(binary).then(
    () => true,
    () => false,
  );
  if (!there) return undefined;
  const port = await freePort();
  const child = spawn(binary, ['-host', host, '-port', String(port)], { stdio: 'ignore' });
  const exited = once(child, 'exit');
  const url = `http://${host}:${port}`;
  await untilReady(url, () => child.exitCode !== null);
  let count = 0;
  return {
    async before(upstream, toxic) {
      count += 1;
      const name = `proxy${count}`;
      const to = `${upstream.host}:${upstream.port}`;
      const { listen } = await post(`${url}/proxies`, {
        name,
        listen: `${host}:0`,
        upstream: to,
        enabled: true,
      });
      await post(`${url}/proxies/${name}/toxics`, { name: 'fault', toxicity: 1, ...toxic });
      return { host, port: Number(listen.split(':').at(-1)) };
    },
    async stop() {
      child.kill();
      await exited;
    },
  };
}
