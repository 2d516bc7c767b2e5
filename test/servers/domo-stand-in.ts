import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { notFound, Refusal, type Answer, type Ask } from './domo-answers.ts';
import { createDatasets, type DatasetSeed, type StandInDataset } from './domo-datasets.ts';
import { exportCsv } from './domo-export.ts';
import { createFaults, type Faults } from './domo-faults.ts';
import { createQueries } from './domo-query.ts';
import { createStreams } from './domo-streams.ts';
import { createTokens, type StandInClient, type StandInUser } from './domo-tokens.ts';
import { createUnloads, type UnloadOptions } from './domo-unload.ts';

export interface DomoOptions extends UnloadOptions {
  /** PEM texts: then it speaks https only. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** Seconds that a token lives; 3,600 unless told. */
  readonly tokenLifetime?: number;
  /** False: never compresses, even when the client accepts gzip. */
  readonly gzip?: boolean;
}

export interface LoggedRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
  /** Set when the answer's head is sent. */
  status?: number;
}

/** An in-process server that behaves like Domo's public API. */
export interface DomoStandIn {
  readonly baseUrl: string;
  readonly host: string;
  readonly port: number;
  /** A client that is there from the start; its user owns every DataSet that names no other owner. */
  readonly account: { readonly clientId: string; readonly clientSecret: string; readonly baseUrl: string };
  readonly user: StandInUser;
  readonly faults: Faults;
  readonly requests: readonly LoggedRequest[];
  /** Sockets that are open now. */
  readonly sockets: ReadonlySet<Socket>;
  addDataset(seed: DatasetSeed): Promise<StandInDataset>;
  /** The DataSet with this id, such as one that a stream made. */
  dataset(id: string): StandInDataset;
  /** All DataSets that there are. */
  datasets(): readonly StandInDataset[];
  addUser(user: StandInUser): void;
  addClient(client: StandInClient): void;
  /** Every token issued so far is refused from now on. */
  revokeTokens(): void;
  stop(): Promise<void>;
}

const firstUser: StandInUser = { id: 964382593, name: 'Olivia Owner', role: 'Privileged' };
const firstClient = { clientId: 'b7e1c9d2-writeback-client', clientSecret: 'f00ba4-stand-in-secret-5d1e' };

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

async function send(
  answer: Answer,
  request: IncomingMessage,
  response: ServerResponse,
  gzip: boolean,
): Promise<void> {
  const streamed = typeof answer.body !== 'string';
  const compress = streamed && gzip && /\bgzip\b/.test(request.headers['accept-encoding'] ?? '');
  response.writeHead(answer.status, { ...answer.headers, ...(compress && { 'content-encoding': 'gzip' }) });
  if (typeof answer.body === 'string') return void response.end(answer.body);
  // The head goes out at once, as of a server that starts to stream.
  response.flushHeaders();
  const body = Readable.from(answer.body, { objectMode: false, highWaterMark: 1 << 20 });
  if (compress) await pipeline(body, createGzip({ level: 1, chunkSize: 1 << 18 }), response);
  else await pipeline(body, response);
}

function createRoutes(options: DomoOptions) {
  const tokens = createTokens(options.tokenLifetime ?? 3600);
  const faults = createFaults(tokens.revokeAll);
  const datasets = createDatasets(tokens, firstUser.id);
  const queries = createQueries(datasets);
  const unloads = createUnloads(datasets, options);
  const streams = createStreams(datasets);

  /** With the fault `cut` it is done, and nobody is told. */
  async function publish(ask: Ask, on: string, path: string, changed: string | undefined): Promise<Answer> {
    const operation = on.endsWith('/commit') ? 'commit' : on === 'POST /v1/streams' ? 'create' : 'publish';
    const fault = faults.take(operation);
    const identity = tokens.check(ask);
    const answer = changed
      ? streams.change(ask, identity, changed)
      : await streams.route(ask, identity, path);
    if (fault === 'cut') throw new Error('The connection is cut.');
    return answer;
  }

  async function route(ask: Ask): Promise<Answer> {
    const path = ask.url.pathname.replace(/\/$/, '');
    const on = `${ask.method} ${path}`;
    if (/^(GET|POST) \/oauth\/token$/.test(on)) {
      faults.take('token');
      return tokens.issue(ask);
    }
    const [, id = '', rows] = /^GET \/v1\/datasets\/([^/]+)(\/data)?$/.exec(on) ?? [];
    const queried = /^POST \/v1\/datasets\/query\/execute\/([^/]+)$/.exec(on)?.[1];
    const unloaded = /^(?:GET|POST) \/api\/query\/v1\/export\/([^/]+)$/.exec(on)?.[1];
    const changed = /^PUT \/v1\/datasets\/([^/]+)$/.exec(on)?.[1];
    if (changed || path.startsWith('/v1/streams')) return publish(ask, on, path, changed);
    const listed = on === 'GET /v1/datasets';
    const operation = listed
      ? 'list'
      : queried
        ? 'query'
        : unloaded
          ? 'unload'
          : rows
            ? 'export'
            : 'describe';
    const fault = faults.take(operation);
    const identity = tokens.check(ask);
    if (fault === 'stall' && operation !== 'export' && operation !== 'query')
      await new Promise<never>(() => {});
    if (listed) return datasets.list(ask, identity);
    if (queried) return queries.execute(ask, identity, queried, fault);
    if (unloaded)
      return ask.method === 'POST'
        ? unloads.start(ask, identity, unloaded)
        : unloads.watch(identity, unloaded);
    if (rows) return exportCsv(ask, identity, id, datasets, fault);
    if (id) return datasets.describe(id, identity);
    throw notFound();
  }
  return { tokens, faults, datasets, queries, route };
}

/** Starts the stand-in on a free port of this machine; call `stop` at the end. */
export async function startDomo(options: DomoOptions = {}): Promise<DomoStandIn> {
  const { tokens, faults, datasets, queries, route } = createRoutes(options);
  const requests: LoggedRequest[] = [];
  const sockets = new Set<Socket>();

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '', headers } = request;
    const body = await bodyOf(request);
    const logged: LoggedRequest = { method, url, headers, body };
    requests.push(logged);
    const ask = { method, headers, body, url: new URL(url, 'http://domo.invalid') };
    const answer = await route(ask).catch((error: unknown) => {
      if (error instanceof Refusal) return error.answer;
      throw error;
    });
    logged.status = answer.status;
    await send(answer, request, response, options.gzip ?? true);
  }

  const listener = (request: IncomingMessage, response: ServerResponse) =>
    // A cut on purpose and a client that has gone end here alike: the socket is destroyed.
    void serve(request, response).catch(() => response.destroy());
  const server = options.tls ? createHttpsServer(options.tls, listener) : createHttpServer(listener);
  server.on('connection', (socket: Socket) =>
    sockets.add(socket.once('close', () => sockets.delete(socket))),
  );
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  const baseUrl = options.tls ? `https://localhost:${port}` : `http://127.0.0.1:${port}`;
  tokens.addUser(firstUser);
  tokens.addClient({ ...firstClient, userId: firstUser.id });
  return {
    baseUrl,
    host: options.tls ? 'localhost' : '127.0.0.1',
    port,
    account: { ...firstClient, baseUrl },
    user: firstUser,
    faults,
    requests,
    sockets,
    addDataset: (seed) => datasets.add(seed),
    dataset: (id) => datasets.find(id),
    datasets: () => datasets.all(),
    addUser: tokens.addUser,
    addClient: tokens.addClient,
    revokeTokens: tokens.revokeAll,
    async stop() {
      server.closeAllConnections();
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((done) => server.close(() => done()));
      await queries.stop();
    },
  };
}
