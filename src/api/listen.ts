import { once } from 'node:events';
import { type Server, createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { UserError } from '../errors.ts';

/** Where a server is reached. */
export interface Listener {
  /** `http://127.0.0.1:8080`, without a slash at its end. */
  readonly url: string;
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

/** Tells whether a connection may come in. */
export type Gate = (connection: Pick<Socket, 'localAddress' | 'remoteAddress'>) => boolean;

/** Whether a connection comes from the machine that it goes to: over loopback, or from the very address it goes to. */
export const isFromHere: Gate = ({ localAddress, remoteAddress = '' }) =>
  remoteAddress === localAddress || /^(::ffff:)?127\.|^::1$/.test(remoteAddress);

/**
 * Answers calls at an address; port 0 is a free one. A connection that the gate does not admit is reset before a byte of
 * it is read. Not Fastify's own `listen`: for `localhost` that opens a second server, which nobody would cut off. Throws
 * UserError `api-address` when the address cannot be had.
 */
export async function listen(
  server: FastifyInstance,
  host: string,
  port: number,
  admits: Gate = () => true,
): Promise<Listener> {
  await server.ready();
  const http = await open(server, host, port);
  http.on('connection', (connection) => {
    if (!admits(connection)) connection.resetAndDestroy();
  });
  const { port: taken } = http.address() as AddressInfo;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${taken}`,
    async close(milliseconds) {
      await Promise.all([closeWithin(http, milliseconds), server.close()]);
    },
  };
}
