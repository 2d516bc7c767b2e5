// Takes what is PUT, as S3 (with multipart), as data.world and as any web server: it counts, and answers at once. It checks no
// signature and keeps nothing: the strict stand-ins of the tests do that.
import { readFileSync } from 'node:fs';
import { type Socket, createServer } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { crc32 } from 'node:zlib';
import { type Arrived, keeps, listen, readInto } from './far.ts';
import { type BodyReader, readBody } from './http-body.ts';

interface Head {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: ReadonlyMap<string, string>;
}

interface Stored {
  bytes: number;
  /** Parts by number, in `--keep` mode. */
  readonly parts: Map<number, Buffer[]>;
}

const objects = new Map<string, Stored>();
let finished: Arrived = { pieces: 0, bytes: 0, documents: 0, crc32: 0 };
let version = 0;

function parseHead(text: string): Head {
  const [first = '', ...lines] = text.split('\r\n');
  const [method = '', target = ''] = first.split(' ');
  const url = new URL(target, 'http://sink');
  const headers = lines.map((line): [string, string] => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  });
  return { method, path: url.pathname, query: url.searchParams, headers: new Map(headers) };
}

function finish(path: string): void {
  const { bytes, parts } = objects.get(path) ?? { bytes: 0, parts: new Map<number, Buffer[]>() };
  objects.delete(path);
  const ordered = [...parts].toSorted(([a], [b]) => a - b).flatMap(([, blocks]) => blocks);
  const sum = ordered.reduce((crc, block) => crc32(block, crc), 0);
  finished = { ...finished, pieces: finished.pieces + 1, bytes: finished.bytes + bytes, crc32: sum };
  version += 1;
}

const xml = (name: string, inner: string) =>
  `<?xml version="1.0" encoding="UTF-8"?><${name}>${inner}</${name}>`;
const etag = '"00000000000000000000000000000000"';

/** The DataSet is always loaded, and its file is as large as what came last. */
const dataWorldDataset = () =>
  JSON.stringify({
    owner: 'tester',
    id: 'sandbox',
    accessLevel: 'ADMIN',
    status: 'LOADED',
    files: [{ name: 'ours.csv', updated: `${version}` }],
  });

function answerOf({ method, path, query }: Head): { status?: string; body: string } {
  if (path.startsWith('/datasets/')) return { body: dataWorldDataset() };
  if (path.startsWith('/uploads/') && method === 'PUT') return { body: '{"message":"File uploaded."}' };
  if (method === 'POST' && query.has('uploads')) {
    const names = `<Bucket>bench</Bucket><Key>${path.slice('/bench/'.length)}</Key>`;
    return {
      body: xml('InitiateMultipartUploadResult', `${names}<UploadId>${encodeURIComponent(path)}</UploadId>`),
    };
  }
  if (method === 'POST') return { body: xml('CompleteMultipartUploadResult', `<ETag>${etag}</ETag>`) };
  if (method === 'PUT') return { body: '' };
  if (method === 'HEAD') return { status: '404 Not Found', body: '' };
  if (method === 'DELETE') return { status: '204 No Content', body: '' };
  return {
    body: xml(
      query.has('uploads') ? 'ListMultipartUploadsResult' : 'ListBucketResult',
      '<IsTruncated>false</IsTruncated>',
    ),
  };
}

function respond(socket: Socket, head: Head): void {
  const { status = '200 OK', body } = answerOf(head);
  const crc = head.headers.get('x-amz-checksum-crc32');
  const lines = [
    `HTTP/1.1 ${status}`,
    `ETag: ${etag}`,
    ...(crc === undefined ? [] : [`x-amz-checksum-crc32: ${crc}`]),
    ...(status.startsWith('204') ? [] : [`Content-Length: ${Buffer.byteLength(body)}`]),
  ];
  socket.write(`${lines.join('\r\n')}\r\n\r\n${body}`);
}

/** Adds a PUT's bytes to its object; other bodies are small talk. */
function taker({ method, path, query }: Head): (bytes: Buffer) => void {
  if (method !== 'PUT') return () => {};
  const part = Number(query.get('partNumber') ?? 0);
  if (part === 0) objects.delete(path);
  const stored = objects.get(path) ?? { bytes: 0, parts: new Map<number, Buffer[]>() };
  objects.set(path, stored);
  stored.parts.set(part, []);
  return (bytes) => {
    stored.bytes += bytes.length;
    if (keeps) stored.parts.get(part)?.push(Buffer.from(bytes));
  };
}

const isWhole = ({ method, query }: Head) =>
  method === 'PUT' ? !query.has('partNumber') : method === 'POST' && query.has('uploadId');

/** One connection's requests, one after the other. */
function serve(): (bytes: Buffer, socket: Socket) => void {
  let gathered = Buffer.alloc(0);
  let request: { head: Head; body: BodyReader } | undefined;

  function begin(socket: Socket): boolean {
    const end = gathered.indexOf('\r\n\r\n');
    if (end < 0) return false;
    const head = parseHead(gathered.toString('latin1', 0, end));
    gathered = gathered.subarray(end + 4);
    const chunked = head.headers.get('transfer-encoding') === 'chunked';
    const length = Number(head.headers.get('content-length') ?? 0);
    request = { head, body: readBody({ chunked, length }, taker(head)) };
    if (head.headers.has('expect')) socket.write('HTTP/1.1 100 Continue\r\n\r\n');
    return true;
  }

  return (bytes, socket) => {
    let rest = bytes;
    for (;;) {
      if (!request) {
        gathered = gathered.length === 0 ? Buffer.from(rest) : Buffer.concat([gathered, rest]);
        rest = gathered;
        if (!begin(socket)) return;
        rest = gathered;
        gathered = Buffer.alloc(0);
      }
      if (!request) return;
      rest = rest.subarray(request.body.take(rest));
      if (!request.body.complete) return;
      if (isWhole(request.head)) finish(request.head.path);
      respond(socket, request.head);
      request = undefined;
      if (rest.length === 0) return;
    }
  };
}

function report(): Arrived {
  const arrived = finished;
  finished = { pieces: 0, bytes: 0, documents: 0, crc32: 0 };
  return arrived;
}

function acceptTls(socket: Socket): void {
  const take = serve();
  socket.on('error', () => socket.destroy()).on('data', (bytes: Buffer) => take(bytes, socket));
  socket.setNoDelay(true).unref();
}

const [certFile, keyFile] = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const tls = certFile !== undefined && keyFile !== undefined;
await listen(
  tls
    ? createTlsServer({ cert: readFileSync(certFile), key: readFileSync(keyFile) }, acceptTls)
    : createServer({ pauseOnConnect: true }, (socket) => readInto(socket, serve())),
  report,
);
