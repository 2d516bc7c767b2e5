// Domo's API as far as an export needs it: any client signs in, and each DataSet is a file. Also what curl downloads from.
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import { listen } from './far.ts';
import type { Export } from './exports.ts';

const exports = JSON.parse(process.argv[2] ?? '[]') as readonly Export[];
const blockSize = 4 << 20;
const blocks = [Buffer.allocUnsafeSlow(blockSize), Buffer.allocUnsafeSlow(blockSize)] as const;
const written = (answer: ServerResponse, bytes: Buffer) =>
  new Promise<void>((done, fail) => answer.write(bytes, (error) => (error ? fail(error) : done())));

/** Two blocks in turn: one is read while the other is sent. */
async function send(answer: ServerResponse, file: string): Promise<void> {
  const descriptor = openSync(file, 'r');
  try {
    const sent: Promise<void>[] = [Promise.resolve(), Promise.resolve()];
    for (let turn = 0; ; turn ^= 1) {
      await sent[turn];
      const length = readSync(descriptor, blocks[turn as 0 | 1]);
      if (length === 0) break;
      const sending = written(answer, blocks[turn as 0 | 1].subarray(0, length));
      // Awaited when its block's turn comes again; a client may be gone before that.
      sending.catch(() => {});
      sent[turn] = sending;
    }
    await Promise.all(sent);
    answer.end();
  } finally {
    closeSync(descriptor);
  }
}

const json = (answer: ServerResponse, value: object) =>
  answer.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));

function respond({ url = '' }: IncomingMessage, answer: ServerResponse): void {
  const token = { access_token: 'a.e30.b', expires_in: 3600, scope: 'data user', userId: 1, role: 'Admin' };
  if (url.startsWith('/oauth/')) return void json(answer, token);
  const found = exports.find(({ id }) => url.startsWith(`/v1/datasets/${id}`));
  if (!found) return void answer.writeHead(404).end();
  const { file, zipped, ...described } = found;
  if (!url.includes('/data?') && !url.endsWith('/data')) return void json(answer, described);
  const encoding = zipped ? { 'content-encoding': 'gzip' } : {};
  answer.writeHead(200, { 'content-type': 'text/csv', 'content-length': statSync(file).size, ...encoding });
  void send(answer, file).catch(() => answer.destroy());
}

await listen(createServer(respond), () => ({ pieces: 0, bytes: 0, documents: 0, crc32: 0 }));
