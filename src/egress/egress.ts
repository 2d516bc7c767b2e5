import { lookup as resolve, type LookupAddress } from 'node:dns';
import { once } from 'node:events';
import { connect as netConnect, isIP, type LookupFunction, type OnReadOpts, type Socket } from 'node:net';
import { connect as tlsConnect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { TemporaryError, UserError, isTold } from '../errors.ts';

/** Where to, and for how long to try. */
export interface ConnectRequest {
  readonly host: string;
  readonly port: number;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds until the attempt is given up; 15,000 unless told. */
  readonly timeout?: number;
  /** Bytes are read straight into the caller's memory, without garbage; then there are no 'data' events (see `net.connect`). */
  readonly onread?: OnReadOpts;
}

/** The only way out of the process. Sources and destinations open every socket through this. */
export interface Egress {
  /** A connected TCP socket with TCP_NODELAY and keep-alive. Throws told errors `host-not-found`, `connection-refused`, `host-unreachable`, `connection-timed-out`. */
  connect(request: ConnectRequest): Promise<Socket>;
  /** The same, then TLS with the certificate verified. Throws also `certificate-refused`. */
  connectTls(request: ConnectRequest, options?: ConnectionOptions): Promise<TLSSocket>;
  /** For drivers that insist on opening the socket themselves: resolves a name under the same policy. */
  readonly lookup: LookupFunction;
}

/**
 * Decides whether addresses may be reached; throws UserError if not. The service brings its rules (`address-policy.ts`), the
 * command line allows all. The port is not known where a driver only asks for a name.
 */
export type EgressPolicy = (host: string, addresses: readonly LookupAddress[], port?: number) => void;

/** Everything is allowed: on the command line the person reaches what their own machine reaches. */
export const openPolicy: EgressPolicy = () => {};

const remedies = {
  'host-not-found': 'Check the spelling of the host name, and that this machine can resolve it.',
  'connection-refused': 'Check the port, and that the server is running and reachable from this machine.',
  'host-unreachable': 'Check the network, VPN or firewall between this machine and the server.',
  'connection-timed-out': 'Check the network, VPN or firewall between this machine and the server.',
};

const codes: Record<string, keyof typeof remedies> = {
  ENOTFOUND: 'host-not-found',
  EAI_AGAIN: 'host-unreachable',
  ECONNREFUSED: 'connection-refused',
  EHOSTUNREACH: 'host-unreachable',
  ENETUNREACH: 'host-unreachable',
  ECONNRESET: 'host-unreachable',
  EPIPE: 'host-unreachable',
  ETIMEDOUT: 'connection-timed-out',
};

/** Makes a told error of a socket's error; a certificate's refusal is the person's to mend, the rest may pass. */
export function explainSocketError(error: unknown, host: string, port: number): Error {
  if (isTold(error)) return error;
  const { code = '', message } = error as NodeJS.ErrnoException;
  const where = `${host}:${port}`;
  if (/CERT|SELF_SIGNED|UNABLE_TO_|ERR_TLS/.test(code)) {
    return new UserError(
      'certificate-refused',
      `The certificate of ${where} could not be verified: ${message}.`,
      {
        remedy:
          'Give the CA certificate that signed it, or use the host name that the certificate is made out for.',
        cause: error,
      },
    );
  }
  const told = codes[code] ?? 'host-unreachable';
  const sentence = `No connection to ${where}: ${told.replaceAll('-', ' ')} (${code || message}).`;
  const ErrorClass = told === 'host-not-found' ? UserError : TemporaryError;
  return new ErrorClass(told, sentence, { remedy: remedies[told], cause: error });
}

function policedLookup(policy: EgressPolicy, port?: number): LookupFunction {
  return (host, options, callback) => {
    resolve(host, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, '', 4);
      try {
        policy(host, addresses, port);
      } catch (refusal) {
        return callback(refusal as NodeJS.ErrnoException, '', 4);
      }
      if (options.all) return callback(null, addresses);
      const [first] = addresses;
      callback(null, first?.address ?? '', first?.family);
    });
  };
}

/** Waits until a socket is ready; on failure, time-out or abort the socket is destroyed and a told error thrown. */
async function ready<S extends Socket>(
  socket: S,
  event: 'connect' | 'secureConnect',
  request: ConnectRequest,
): Promise<S> {
  const { host, port, signal, timeout = 15_000 } = request;
  const late = new AbortController();
  // Not AbortSignal.timeout: Node holds that one, and the socket that listens to it, until the time is over.
  const timer = setTimeout(() => late.abort(), timeout);
  try {
    await once(socket, event, { signal: AbortSignal.any([late.signal, ...(signal ? [signal] : [])]) });
    return socket.setNoDelay(true).setKeepAlive(true);
  } catch (error) {
    socket.destroy();
    socket.on('error', () => {});
    signal?.throwIfAborted();
    if (late.signal.aborted) {
      const sentence = `No connection to ${host}:${port} within ${timeout / 1000} seconds.`;
      throw new TemporaryError('connection-timed-out', sentence, {
        remedy: remedies['connection-timed-out'],
        cause: error,
      });
    }
    throw explainSocketError(error, host, port);
  } finally {
    clearTimeout(timer);
  }
}

/** In a URL an IPv6 address stands in brackets. */
const withoutBrackets = (host: string) => host.replace(/^\[(.*)\]$/, '$1');

/** Opens sockets under a policy. A name is resolved once, and the address that was checked is the one that is used. */
export function createEgress(policy: EgressPolicy = openPolicy): Egress {
  const placeOf = ({ host: written, port, onread }: ConnectRequest) => {
    const host = withoutBrackets(written);
    // Node does not look a literal address up, so the policy is asked here.
    const family = isIP(host);
    if (family !== 0) policy(host, [{ address: host, family }], port);
    const lookup = policedLookup(policy, port);
    return { host, port, lookup, autoSelectFamily: true, ...(onread ? { onread } : {}) };
  };
  return {
    lookup: policedLookup(policy),
    async connect(request) {
      const socket = netConnect(placeOf(request));
      return ready(socket, 'connect', request);
    },
    async connectTls(request, options = {}) {
      const place = placeOf(request);
      // An address is no server name (RFC 6066), but the certificate is checked against it all the same.
      const name = isIP(place.host) ? {} : { servername: place.host };
      return ready(tlsConnect({ ...place, ...name, ...options }), 'secureConnect', request);
    },
  };
}
