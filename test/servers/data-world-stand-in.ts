import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import { type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** A file of a stand-in's DataSet. */
interface StoredFile {
  readonly name: string;
  readonly bytes: Buffer;
  readonly created: string;
  readonly updated: string;
}

/** One DataSet of the stand-in. */
interface StoredDataset {
  readonly owner: string;
  readonly id: string;
  readonly kind: 'own' | 'contributing';
  accessLevel: string;
  status: string;
  readonly files: Map<string, StoredFile>;
  /** Uploads that were accepted and are being processed. */
  processing: number;
}

/** An answer that is given instead of the true one. */
interface Fault {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  /** Only requests whose method and path contain this. */
  readonly at?: string;
}

/** How a stand-in differs from the usual. */
export interface DataWorldOptions {
  readonly token?: string;
  /** `owner/id` of DataSets; the first is the main one. */
  readonly own?: readonly string[];
  readonly contributing?: readonly string[];
  /** Milliseconds between an upload's acceptance and its being LOADED. */
  readonly processing?: number;
  /** Larger uploads are answered 413. */
  readonly maxBytes?: number;
  /** Processing ends in SYSTEMERROR. */
  readonly failing?: boolean;
  /** Count the bytes of uploads but do not keep them: for benchmarks. */
  readonly discard?: boolean;
}

/** A strict data.world on this machine. */
export interface DataWorldStandIn {
  readonly host: string;
  readonly port: number;
  /** Base of the API, `…/v0`. */
  readonly url: string;
  readonly token: string;
  /** Lines such as `PUT /v0/uploads/…`, in the order in which they came. */
  readonly requests: readonly string[];
  /** Uploads whose bodies are still coming in. */
  readonly openUploads: number;
  dataset(key: string): StoredDataset;
  /** The next fitting request is answered like this. */
  fail(fault: Fault): void;
  /** Waits until nothing is being received or processed. */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

class Refused extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

interface State {
  readonly options: DataWorldOptions;
  readonly token: string;
  readonly datasets: Map<string, StoredDataset>;
  readonly faults: Fault[];
  readonly requests: string[];
  openUploads: number;
  clock: number;
}

type Handler = (
  state: State,
  parts: string[],
  request: IncomingMessage,
  query: URLSearchParams,
) => Promise<unknown>;

/** Times that differ however quickly uploads follow one another. */
function now(state: State): string {
  state.clock += 1;
  return new Date(Date.now() + state.clock).toISOString();
}

function find(state: State, owner = '', id = ''): StoredDataset {
  const dataset = state.datasets.get(`${owner}/${id}`);
  if (!dataset || dataset.accessLevel === 'NONE') throw new Refused(404, 'Dataset not found.');
  return dataset;
}

function summary({ owner, id, status, accessLevel, files }: StoredDataset) {
  const created = '2024-01-01T00:00:00.000Z';
  const listed = [...files.values()].map(({ name, bytes, created, updated }) => {
    // Without kept bytes there is no size to tell.
    return { name, ...(bytes.length > 0 && { sizeInBytes: bytes.length }), created, updated };
  });
  return {
    owner,
    id,
    title: id.toUpperCase(),
    version: '1',
    visibility: 'PRIVATE',
    isProject: false,
    status,
    accessLevel,
    files: listed,
    created,
    updated: created,
  };
}

/** The whole body, or nothing: one that breaks off, or is too long, is thrown away. */
async function receive(state: State, request: IncomingMessage): Promise<Buffer> {
  const { maxBytes = Infinity } = state.options;
  const chunks: Buffer[] = [];
  let bytes = 0;
  state.openUploads += 1;
  try {
    for await (const chunk of request) {
      bytes += (chunk as Buffer).length;
      if (bytes > maxBytes) throw new Refused(413, 'Upload too large');
      if (!state.options.discard) chunks.push(chunk as Buffer);
    }
  } finally {
    state.openUploads -= 1;
  }
  return Buffer.concat(chunks);
}

async function process(state: State, dataset: StoredDataset, name: string, bytes: Buffer): Promise<void> {
  dataset.processing += 1;
  dataset.status = 'INPROGRESS';
  await sleep(state.options.processing ?? 30);
  const time = now(state);
  const created = dataset.files.get(name)?.created ?? time;
  dataset.files.set(name, { name, bytes, created, updated: time });
  dataset.processing -= 1;
  if (dataset.processing === 0) dataset.status = state.options.failing ? 'SYSTEMERROR' : 'LOADED';
}

const upload: Handler = async (state, [owner, id, name = ''], request, query) => {
  const dataset = find(state, owner, id);
  if (!['WRITE', 'ADMIN'].includes(dataset.accessLevel)) throw new Refused(403, 'You may not write here.');
  const expand = query.get('expandArchive');
  if (expand !== null && expand !== 'true' && expand !== 'false')
    throw new Refused(400, 'expandArchive must be boolean.');
  if (!/^[^/]{1,128}$/.test(name)) throw new Refused(422, 'Invalid file name.');
  const bytes = await receive(state, request);
  void process(state, dataset, name, bytes);
  return { message: 'File uploaded successfully.' };
};

const list: Handler = async (state, [kind], _, query) => {
  const all = [...state.datasets.values()].filter((dataset) => dataset.kind === kind);
  const start = Number(query.get('next') ?? 0);
  // However many are asked for, a page has at most two: clients must follow the pages.
  const end = start + Math.min(2, Number(query.get('limit') ?? 10));
  const records = all.slice(start, end).map(summary);
  return { count: all.length, records, ...(end < all.length ? { nextPageToken: String(end) } : {}) };
};

const remove: Handler = async (state, [owner, id, name = '']) => {
  if (!find(state, owner, id).files.delete(name)) throw new Refused(404, 'File not found.');
  return { message: 'File deleted.' };
};

const download: Handler = async (state, [owner, id, name = '']) => {
  const file = find(state, owner, id).files.get(name);
  if (!file) throw new Refused(404, 'File not found.');
  return file.bytes;
};

const routes: readonly [method: string, path: RegExp, handler: Handler][] = [
  ['GET', /^\/v0\/user$/, async () => ({ id: 'tester', displayName: 'Test Person' })],
  ['GET', /^\/v0\/user\/datasets\/(own|contributing)$/, list],
  [
    'GET',
    /^\/v0\/datasets\/([a-z0-9-]+)\/([a-z0-9-]+)$/,
    async (state, [o, i]) => summary(find(state, o, i)),
  ],
  ['PUT', /^\/v0\/uploads\/([a-z0-9-]+)\/([a-z0-9-]+)\/files\/([^/]+)$/, upload],
  ['DELETE', /^\/v0\/datasets\/([a-z0-9-]+)\/([a-z0-9-]+)\/files\/([^/]+)$/, remove],
  ['GET', /^(?:\/v0)?\/file_download\/([a-z0-9-]+)\/([a-z0-9-]+)\/([^/]+)$/, download],
];

function takeFault(state: State, line: string): Fault | undefined {
  const index = state.faults.findIndex(({ at = '' }) => line.includes(at));
  return index === -1 ? undefined : state.faults.splice(index, 1)[0];
}

async function answer(state: State, request: IncomingMessage): Promise<unknown> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://stand-in');
  if (request.headers.authorization !== `Bearer ${state.token}`) throw new Refused(401, 'Invalid API token.');
  for (const [method, path, handler] of routes) {
    const match = method === request.method ? path.exec(pathname) : null;
    if (match) return handler(state, match.slice(1).map(decodeURIComponent), request, searchParams);
  }
  throw new Refused(404, 'No such endpoint.');
}

function respond(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  const raw = Buffer.isBuffer(body) || typeof body === 'string';
  const type = raw ? 'application/octet-stream' : 'application/json';
  response.writeHead(status, { 'content-type': type, ...headers });
  response.end(raw ? body : JSON.stringify(body));
}

async function serve(state: State, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const line = `${request.method} ${request.url}`;
  state.requests.push(line);
  const fault = takeFault(state, line);
  if (fault) {
    request.resume();
    const body = fault.body ?? { code: fault.status, message: 'A fault on demand.', details: '' };
    respond(response, fault.status, body, fault.headers);
    return;
  }
  try {
    respond(response, 200, await answer(state, request));
  } catch (error) {
    if (!(error instanceof Refused)) return void response.destroy();
    // What is left of the body must be read, or the client sees a reset instead of the answer.
    request.resume();
    respond(response, error.status, { code: error.status, message: error.message, details: '' });
  }
}

function stateOf(options: DataWorldOptions): State {
  const { token = 'dw-secret-token-123', own = ['tester/sandbox'], contributing = [] } = options;
  const datasets = new Map<string, StoredDataset>();
  const add = (key: string, kind: 'own' | 'contributing') => {
    const [owner = '', id = ''] = key.split('/');
    const accessLevel = kind === 'own' ? 'ADMIN' : 'WRITE';
    datasets.set(key, { owner, id, kind, accessLevel, status: 'NEW', files: new Map(), processing: 0 });
  };
  for (const key of own) add(key, 'own');
  for (const key of contributing) add(key, 'contributing');
  return { options, token, datasets, faults: [], requests: [], openUploads: 0, clock: 0 };
}

async function stop(server: Server): Promise<void> {
  const closed = new Promise<void>((done) => server.close(() => done()));
  server.closeAllConnections();
  await closed;
}

/** Starts a stand-in of data.world's API on a free port of 127.0.0.1. */
export async function startDataWorld(options: DataWorldOptions = {}): Promise<DataWorldStandIn> {
  const state = stateOf(options);
  const server = createServer((request, response) => void serve(state, request, response));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  const busy = () =>
    state.openUploads > 0 || [...state.datasets.values()].some(({ processing }) => processing > 0);
  return {
    host: '127.0.0.1',
    port,
    url: `http://127.0.0.1:${port}/v0`,
    token: state.token,
    requests: state.requests,
    get openUploads() {
      return state.openUploads;
    },
    dataset: (key) => find(state, ...(key.split('/') as [string, string])),
    fail: (fault) => void state.faults.push(fault),
    async settled() {
      while (busy()) await sleep(5);
    },
    stop: () => stop(server),
  };
}
