import { once } from 'node:events';
import { type Server, createServer } from 'node:http';
import { type AddressInfo, Server as NetServer } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { UserError } from '../errors.ts';

/** Where a server is reached. It may move while it serves. */
export interface Listener {
  /** `http://127.0.0.1:8080`, without a slash at its end. */
  readonly url: string;
  /** Goes on at another address with the same port; calls that are being answered end as they would have. */
  move(host: string): Promise<void>;
  /** Takes no more calls, and cuts those off that are not answered in time. */
  close(milliseconds: number): Promise<void>;
}

const refusals: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is taken by another program',
  EACCES: 'is not open to this user',
  EADDRNOTAVAIL: 'is not an address of this machine',
  ENOTFOUND: 'is not an address of this machine',
};

function cannotListen(host: string, port: number, error: NodeJS.ErrnoException): Error {
  const why = refusals[error.code ?? ''];
  if (why === undefined) return error;
  return new UserError('api-address', `The API cannot listen: ${host}, port ${port}, ${why}.`, {
    remedy: 'Choose others with WRITEBACK_HOST and WRITEBACK_PORT.',
    cause: error,
  });
}

async function open(server: FastifyInstance, host: string, port: number): Promise<Server> {
  const http = createServer((request, reply) => server.routing(request, reply));
  http.listen(port, host);
  try {
    await once(http, 'listening');
  } catch (error) {
    throw cannotListen(host, port, error as NodeJS.ErrnoException);
  }
  return http;
}

async function closeWithin(http: Server, milliseconds: number): Promise<void> {
  const closed = once(http, 'close');
  http.close();
  http.closeIdleConnections();
  const limit = setTimeout(() => http.closeAllConnections(), milliseconds);
  await closed;
  clearTimeout(limit);
}

/**
 * Answers calls at an address; port 0 is a free one. Not Fastify's own `listen`: that can never move. Throws UserError
 * `api-address` when the address cannot be had.
 */
export async function listen(server: FastifyInstance, host: string, port: number): Promise<Listener> {
  await server.ready();
  const servers = [await open(server, host, port)];
  const { port: taken } = servers[0]!.address() as AddressInfo;
  let at = host;
  return {
    get url() {
      return `http://${at.includes(':') ? `[${at}]` : at}:${taken}`;
    },
    async move(next) {
      // All addresses and one of them cannot be listened to at once. HTTP's own `close` would end idle connections too,
      // and whoever is between two calls, as the command that sets the server up is, would meet a reset.
      for (const http of servers) NetServer.prototype.close.call(http);
      servers.push(await open(server, next, taken));
      at = next;
    },
    async close(milliseconds) {
      const listening = servers.at(-1)!;
      for (const http of servers) {
        if (http === listening) continue;
        http.close();
        http.closeAllConnections();
      }
      await Promise.all([closeWithin(listening, milliseconds), server.close()]);
    },
  };
}
