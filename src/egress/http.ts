import type { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ConnectionOptions } from 'node:tls';
import type { Agent } from 'undici';
import { type ConnectRequest, type Egress, explainSocketError } from './egress.ts';
import { nodeHttp } from './node-http.ts';

type Callback = (error: Error | null, socket: Duplex | null) => void;

/** What an agent tells of where to. */
interface Place {
  readonly host?: string;
  readonly port?: number | string;
}

function open(
  egress: Egress,
  secure: boolean,
  tls: ConnectionOptions | undefined,
  place: ConnectRequest,
): Promise<Socket> {
  return secure ? egress.connectTls(place, tls) : egress.connect(place);
}

/**
 * An undici dispatcher whose sockets are opened by egress. Close it when the work is done. undici takes as long to load as Node
 * takes to start, and a run from a file needs none: it is loaded for the first dispatcher.
 */
export async function createDispatcher(
  egress: Egress,
  options: Agent.Options & { tls?: ConnectionOptions } = {},
): Promise<Agent> {
  const { Agent: OwnAgent } = await import('undici');
  const { tls, ...agentOptions } = options;
  return new OwnAgent({
    ...agentOptions,
    connect({ hostname, port, protocol }, callback) {
      const secure = protocol === 'https:';
      open(egress, secure, tls, { host: hostname, port: Number(port) || (secure ? 443 : 80) }).then(
        (socket) => callback(null, socket),
        (error: Error) => callback(error, null),
      );
    },
  });
}

/** The two node:http agents that SDKs ask for, with sockets opened by egress. Close them when the work is done. */
export interface Agents {
  readonly http: HttpAgent;
  readonly https: HttpsAgent;
  /** Closes all their sockets, also those that are being opened: an agent alone would keep what it gets after its end. */
  close(): void;
}

/** Makes both; `tls` is for the secure one. */
export function createAgents(egress: Egress, tls?: ConnectionOptions): Agents {
  const closing = new AbortController();
  const connect = async (secure: boolean, { host = 'localhost', port }: Place) => {
    const { signal } = closing;
    const place = { host, port: Number(port) || (secure ? 443 : 80), signal };
    const socket = await open(egress, secure, tls, place);
    if (signal.aborted) socket.destroy();
    return socket;
  };
  const dial = (secure: boolean) => (place: Place, callback: Callback) => {
    connect(secure, place).then(
      (socket) => callback(null, socket),
      (error: Error) => callback(error, null),
    );
  };
  const http = new nodeHttp.Agent({ keepAlive: true, maxSockets: 64 });
  const https = new HttpsAgent({ keepAlive: true, maxSockets: 64 });
  Object.assign(http, { createConnection: dial(false) });
  Object.assign(https, { createConnection: dial(true) });
  const close = () => {
    closing.abort();
    http.destroy();
    https.destroy();
  };
  return { http, https, close };
}

/** A `fetch` whose sockets are opened by egress, and whose failures are egress's told errors. Close it when the work is done. */
export function createFetch(egress: Egress): {
  readonly fetch: typeof fetch;
  readonly close: () => Promise<void>;
} {
  let dispatcher: Promise<Agent> | undefined;
  const ours = async (url: string, init: object) => {
    try {
      dispatcher ??= createDispatcher(egress);
      const { fetch: undiciFetch } = await import('undici');
      return await undiciFetch(url, { ...init, dispatcher: await dispatcher });
    } catch (error) {
      // undici's own sentence is "fetch failed"; what happened is its cause.
      const { cause } = error as Error;
      if (!(error instanceof TypeError) || cause === undefined) throw error;
      const { hostname, port, protocol } = new URL(url);
      throw explainSocketError(cause, hostname, Number(port) || (protocol === 'https:' ? 443 : 80));
    }
  };
  return { fetch: ours as unknown as typeof fetch, close: async () => (await dispatcher)?.destroy() };
}
