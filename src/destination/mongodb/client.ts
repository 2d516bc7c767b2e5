import { isIP } from 'node:net';
import type { MongoClient, MongoClientOptions } from 'mongodb';
import type { ConnectionWork } from '../../connector/contract.ts';
import type { Egress } from '../../egress/egress.ts';
import { TemporaryError, UserError, isTold } from '../../errors.ts';
import { caCertificate } from './certificate.ts';
import { explain } from './explain.ts';
import { orAborted } from './in-flight.ts';
import type { MongoCredentials, credentialFields, detailFields } from './mongodb-fields.ts';
import type { ReadyDocuments } from './ready-documents.ts';

export type MongoWork = ConnectionWork<typeof credentialFields, typeof detailFields>;

/** Milliseconds for finding a server that can be written to: several hosts may have to elect one first. */
const selectionTimeout = { one: 5_000, several: 15_000 };

/** Milliseconds that commands in flight have for ending after an abort, before their sockets are closed. */
const settlingTime = 2_000;

/** Milliseconds for cleaning up after a failure. What is not done by then, the next attempt does first. */
const tidyingTime = 1_500;

/**
 * The URL without any secret: user, password and everything else go as options. Host and port are the only parts, and a
 * host with characters that mean something in a URL is refused. Throws UserError `mongodb-host-malformed`.
 */
export function connectionUrl(credentials: MongoCredentials): string {
  const { connectionString, databasePort } = credentials;
  if (connectionString) return connectionString.trim();
  const host = (credentials.host ?? '').trim().replace(/^\[(.*)\]$/, '$1');
  if (host === '' || (isIP(host) !== 6 && !/^[\w.-]+$/.test(host))) {
    throw new UserError('mongodb-host-malformed', `"${host}" is not a host name or IP address.`, {
      field: 'host',
      remedy:
        'Enter the name alone, such as db.company.com; a whole mongodb:// address goes into Connection String.',
    });
  }
  return `mongodb://${isIP(host) === 6 ? `[${host}]` : host}:${databasePort}/`;
}

/** Where the server is, for sentences and receipts: never with user or password. */
export function serverAddress(credentials: MongoCredentials): string {
  const url = connectionUrl(credentials);
  const withoutScheme = url.replace(/^mongodb(\+srv)?:\/\//, '');
  const authority = withoutScheme.split(/[/?]/, 1)[0] ?? '';
  return authority.slice(authority.lastIndexOf('@') + 1);
}

/** The driver's options. `lookup` puts every name under egress; see `policeLiterals` for addresses. */
export function clientOptions(
  credentials: MongoCredentials,
  egress: Egress,
  ca: string | undefined,
  ready?: ReadyDocuments,
): MongoClientOptions {
  const { username, password, connectionString, authenticationDatabase, tls } = credentials;
  const ownSource =
    /[?&]authsource=/i.test(connectionString ?? '') || /^mongodb\+srv:/i.test(connectionString ?? '');
  const signsIn = username !== undefined && username !== '';
  return {
    ...(signsIn ? { auth: { username, password: password ?? '' } } : {}),
    ...(signsIn && !ownSource ? { authSource: authenticationDatabase } : {}),
    ...(tls || ca !== undefined ? { tls: true } : {}),
    ...(ca === undefined ? {} : { ca }),
    ...(ready && { connectionType: ready.connectionType }),
    lookup: egress.lookup,
    serverSelectionTimeoutMS: connectionString ? selectionTimeout.several : selectionTimeout.one,
    connectTimeoutMS: 10_000,
    // The most batches in flight, and a few for everything else.
    maxPoolSize: 20,
    // A resent command is the next attempt's affair: the law of replay makes it harmless there.
    retryWrites: false,
    retryReads: false,
    appName: 'writeback',
  };
}

function checkPolicy(egress: Egress, host: string): Promise<void> {
  return new Promise((done, fail) => {
    const answer = (error: Error | null) => (error ? fail(error) : done());
    egress.lookup(host, { all: true }, answer);
  });
}

/**
 * Driver 7.9 opens its sockets itself (`cmap/connect.js`: `runtimeAdapters` has no sockets, `existingSocket` is one socket
 * for a whole pool), but hands `lookup` to them. Node does not ask `lookup` for a literal address, so those are put to
 * egress here: the ones we were given before connecting, the ones a replica set tells when they turn up.
 */
function policeLiterals(client: MongoClient, egress: Egress, refuse: (error: unknown) => void): void {
  client.on('serverOpening', ({ address }) => {
    const host = address.slice(0, address.lastIndexOf(':')).replace(/^\[(.*)\]$/, '$1');
    if (isIP(host)) checkPolicy(egress, host).catch(refuse);
  });
}

/** Host and port of each server that the options name; empty with mongodb+srv, where DNS names them. */
export function hostsOf(client: MongoClient): { host: string; port: number }[] {
  if (client.options.srvHost) return [];
  return client.options.hosts.flatMap(({ host, port }) =>
    host === undefined ? [] : [{ host, port: port ?? 27_017 }],
  );
}

/**
 * The first host that answers; when none does, the first one's error is thrown. Faster than the driver, which would go on
 * trying a refused port for 15 seconds. Throws `mongodb-host-not-found`, `mongodb-host-unreachable`, and what the policy says.
 */
export async function firstReachable(client: MongoClient, egress: Egress, signal: AbortSignal) {
  let first: unknown;
  for (const place of hostsOf(client)) {
    try {
      await checkPolicy(egress, place.host);
      const socket = await egress.connect({ ...place, signal });
      socket.destroy();
      return place;
    } catch (error) {
      signal.throwIfAborted();
      first ??= error;
    }
  }
  if (first === undefined) return undefined;
  throw unreachable(first);
}

/** With TLS by the fields alone, a certificate that cannot be verified is told at once; the driver would try for seconds. */
async function preflight(client: MongoClient, { credentials, egress, signal }: MongoWork): Promise<void> {
  const place = await firstReachable(client, egress, signal);
  if (!place || credentials.connectionString || !client.options.tls) return;
  const socket = await egress.connectTls({ ...place, signal }, { ca: client.options.ca });
  socket.destroy();
}

/** A name that does not resolve is a mistake; that a resolver or a server does not answer is not. */
function unreachable(error: unknown): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  const remedy = isTold(error) && error.remedy ? error.remedy : 'Check the host, and the network between.';
  const details = { field: 'host', remedy, cause: error };
  if (code === 'ENOTFOUND' || code === 'host-not-found')
    return new UserError('mongodb-host-not-found', message, details);
  if (error instanceof UserError) return error;
  return new TemporaryError('mongodb-host-unreachable', message, details);
}

async function connected(client: MongoClient, work: MongoWork): Promise<void> {
  const { signal, egress } = work;
  let stop = () => {};
  const refusal = new Promise<never>((_, fail) => {
    policeLiterals(client, egress, fail);
    stop = () => fail(signal.reason as Error);
    signal.addEventListener('abort', stop, { once: true });
  });
  refusal.catch(() => {});
  try {
    signal.throwIfAborted();
    await Promise.race([preflight(client, work).then(() => client.connect()), refusal]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** Hides the password of a connection string, which the field's value as a whole does not cover. */
function hidePassword(work: MongoWork, client: MongoClient): void {
  const password = client.options.credentials?.password;
  if (password) work.log.hide(password);
}

/** A client that is not connected yet, and the certificate it trusts. Throws told errors; close it. */
export async function createClient(
  work: MongoWork,
  ready?: ReadyDocuments,
): Promise<{ client: MongoClient; ca: string | undefined }> {
  const { credentials, egress, signal } = work;
  const { MongoClient } = await import('mongodb');
  const ca = await caCertificate(credentials, egress, signal);
  try {
    const client = new MongoClient(connectionUrl(credentials), clientOptions(credentials, egress, ca, ready));
    hidePassword(work, client);
    return { client, ca };
  } catch (error) {
    throw explain(error, serverAddress(credentials));
  }
}

/** Connects and signs in. Throws told errors, or the reason of the abort. */
export async function connectClient(client: MongoClient, work: MongoWork): Promise<void> {
  try {
    await connected(client, work);
  } catch (error) {
    work.signal.throwIfAborted();
    throw explain(error, serverAddress(work.credentials));
  }
}

/** How work ends that does not end well. */
export interface Ends {
  /** Cleans up after a failure: for a short while only, without errors of its own, and not when the server is silent. */
  readonly tidy: (work: () => Promise<unknown>) => Promise<void>;
  /**
   * Aborts some time after the work was aborted, for commands that are still in flight then. Closing the client does not end
   * them: a command that waits to be written to a full socket would wait for ever.
   */
  readonly halt: AbortSignal;
}

async function briefly(work: () => Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((done) => {
    timer = setTimeout(done, tidyingTime);
  });
  await Promise.race([work().catch(() => {}), limit]);
  clearTimeout(timer);
}

/** The driver says goodbye to its sessions, and would wait long for a server that does not answer; that goes on by itself. */
const close = (client: MongoClient) => briefly(() => client.close());

/**
 * Lends a connected client and closes it. When `signal` aborts, commands in flight may end, and the work may tidy up over
 * the same client. Everything that is thrown is a told error, or the reason of the abort.
 */
export async function withClient<T>(
  work: MongoWork,
  ready: ReadyDocuments | undefined,
  use: (client: MongoClient, ends: Ends) => Promise<T>,
): Promise<T> {
  const { signal } = work;
  const { client } = await createClient(work, ready);
  let deadline: NodeJS.Timeout | undefined;
  const halt = new AbortController();
  const onAbort = () => {
    deadline = setTimeout(() => {
      halt.abort(signal.reason);
    }, settlingTime);
  };
  try {
    await connectClient(client, work);
    signal.addEventListener('abort', onAbort, { once: true });
    const working = use(client, {
      halt: halt.signal,
      tidy: async (tidying) => (halt.signal.aborted ? undefined : briefly(tidying)),
    });
    // An index or a count may take minutes, and the driver does not end it.
    return await orAborted(working, halt.signal);
  } catch (error) {
    signal.throwIfAborted();
    throw explain(error, serverAddress(work.credentials));
  } finally {
    signal.removeEventListener('abort', onAbort);
    clearTimeout(deadline);
    await close(client);
  }
}
