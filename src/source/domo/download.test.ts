import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, type Server, type Socket, createServer } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createServer as createTlsServer } from 'node:tls';
import { makeTls } from '../../../test/servers/tls.ts';
import { createEgress } from '../../egress/egress.ts';
import { download } from './download.ts';

const limits = { answer: 2000, idle: 2000 };

/** Lends the address of a server that does this with each connection once the request has come. */
async function withServer(
  answer: (socket: Socket, request: string) => unknown,
  use: (address: string) => Promise<void>,
  make: (take: (socket: Socket) => void) => Server = createServer,
): Promise<void> {
  const sockets = new Set<Socket>();
  const server = make((socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).once('data', (request: Buffer) => answer(socket, request.toString()));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  try {
    await use(`127.0.0.1:${port}`);
  } finally {
    for (const socket of sockets) socket.destroy();
    await new Promise((done) => server.close(done));
  }
}

function begin(url: string, more: { signal?: AbortSignal; limits?: typeof limits; ca?: string } = {}) {
  const signal = new AbortController().signal;
  const headers = { accept: 'text/csv' };
  const egress = createEgress();
  const trusting = {
    ...egress,
    connectTls: (request: Parameters<typeof egress.connectTls>[0]) =>
      egress.connectTls(request, more.ca === undefined ? {} : { ca: more.ca }),
  };
  return download(trusting, { url: new URL(url), headers, signal, limits, ...more });
}

async function bodyOf(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Buffer[] = [];
  for await (const chunk of chunks) all.push(Buffer.from(chunk));
  return Buffer.concat(all);
}

test('the request is plain, and the answer is told with its headers', async () => {
  let asked = '';
  const head = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Two: a\r\nx-two:b \r\nX-None:\r\n\r\n';
  await withServer(
    (socket, request) => {
      asked = request;
      socket.write(`HTTP/1.1 100 Continue\r\n\r\n${head}ok and more`);
    },
    async (address) => {
      const { status, headers, body } = await begin(`http://${address}/data?a=b%20c`);
      assert.equal(status, 200);
      assert.deepEqual(headers, { 'content-length': '2', 'x-two': 'a, b', 'x-none': '' });
      assert.equal((await bodyOf(body)).toString(), 'ok');
      const wanted = [
        'GET /data?a=b%20c HTTP/1.1',
        `host: ${address}`,
        'accept: text/csv',
        'connection: close',
      ];
      assert.equal(asked, `${wanted.join('\r\n')}\r\n\r\n`);
    },
  );
});

const bytes = randomBytes(3_000_000);
const framed: Record<string, (socket: Socket) => unknown> = {
  'a stated length': (socket) => {
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${bytes.length}\r\n\r\n`);
    socket.write(bytes);
  },
  chunks: async (socket) => {
    socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
    for (let from = 0, size = 1; from < bytes.length; from += size, size = Math.min(size * 3, 300_000)) {
      const chunk = bytes.subarray(from, from + size);
      socket.write(
        Buffer.concat([Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n')]),
      );
      if (size < 1000) await sleep(1);
    }
    socket.write('0\r\n\r\n');
  },
  'the end of the connection': (socket) => {
    socket.write('HTTP/1.1 200 OK\r\n\r\n');
    socket.end(bytes);
  },
};

for (const [name, answer] of Object.entries(framed)) {
  test(`a body that is framed by ${name} comes whole, also to a slow reader, plain and over TLS`, async () => {
    await withServer(answer, async (address) => {
      const { body } = await begin(`http://${address}/`);
      await sleep(50);
      assert.ok((await bodyOf(body)).equals(bytes));
    });
    const tls = await makeTls();
    await withServer(
      answer,
      async (address) => {
        const { body } = await begin(`https://${address}/`, { ca: tls.ca });
        await sleep(50);
        assert.ok((await bodyOf(body)).equals(bytes));
      },
      (take) => createTlsServer({ key: tls.key, cert: tls.cert }, take),
    );
    await tls.stop();
  });
}

test('a body that ends short is an error after the bytes that came', async () => {
  for (const head of ['Content-Length: 10', 'Transfer-Encoding: chunked']) {
    await withServer(
      (socket) => socket.end(`HTTP/1.1 200 OK\r\n${head}\r\n\r\n4\r\nabcd\r\n`.slice(0, -2)),
      async (address) => assert.rejects(bodyOf((await begin(`http://${address}/`)).body), /was closed/),
    );
  }
  await withServer(
    (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Le'),
    (address) => assert.rejects(begin(`http://${address}/`), /was closed/),
  );
});

test('what is no HTTP, no header or no end of a head is refused', async () => {
  const heads = [
    'SSH-2.0-server\r\n\r\n',
    'HTTP/1.1 200 OK\r\n: x\r\n\r\n',
    `HTTP/1.1 200 OK\r\nA: ${'a'.repeat(70_000)}`,
  ];
  for (const head of heads) {
    await withServer(
      (socket) => socket.write(head),
      (address) => assert.rejects(begin(`http://${address}/`), /HTTP|header|too long/),
    );
  }
});

test('a server that is silent is given up: before its head, and in the midst of its body', async () => {
  const short = { answer: 50, idle: 50 };
  await withServer(
    () => {},
    (address) => assert.rejects(begin(`http://${address}/`, { limits: short }), { code: 'ETIMEDOUT' }),
  );
  await withServer(
    (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc'),
    async (address) => {
      const { body } = await begin(`http://${address}/`, { limits: short });
      await assert.rejects(bodyOf(body), { code: 'ETIMEDOUT' });
    },
  );
});

test('while the reader takes its time, the silence is not the server’s; afterwards it is', async () => {
  const first = bytes.subarray(0, 2_000_000);
  await withServer(
    (socket) =>
      socket.write(Buffer.concat([Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n'), first])),
    async (address) => {
      const { body } = await begin(`http://${address}/`, { limits: { answer: 50, idle: 50 } });
      await sleep(200);
      let taken = 0;
      const read = async () => {
        for await (const { length } of body) taken += length;
      };
      await assert.rejects(read(), { code: 'ETIMEDOUT' });
      assert.equal(taken, first.length);
    },
  );
});

test('an abort ends the wait for the head and the body with its reason', async () => {
  const reason = new Error('enough');
  for (const text of ['', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc']) {
    const abort = new AbortController();
    await withServer(
      (socket) => {
        if (text !== '') socket.write(text);
        setTimeout(() => abort.abort(reason), 50);
      },
      async (address) => {
        const read = async () => bodyOf((await begin(`http://${address}/`, { signal: abort.signal })).body);
        await assert.rejects(read(), reason);
      },
    );
  }
});

test('a header that would be two is not sent', async () => {
  await withServer(
    () => {},
    async (address) => {
      const request = { url: new URL(`http://${address}/`), headers: { a: 'b\r\nc: d' }, limits };
      const { signal } = new AbortController();
      await assert.rejects(download(createEgress(), { ...request, signal }), { code: 'ERR_INVALID_CHAR' });
    },
  );
});
