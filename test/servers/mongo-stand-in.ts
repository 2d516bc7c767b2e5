import { type AddressInfo, type Server, type Socket, createServer } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { Document } from 'bson';
import type { MongoState } from './mongo-data-commands.ts';
import { CommandError } from './mongo-error.ts';
import { scramSecret } from './mongo-scram.ts';
import { MongoSession, type MongoUser, type SessionServer } from './mongo-session.ts';
import { type StoredCollection } from './mongo-store.ts';
import { type WireCommand, createFramer, decode, formatReply, parseMessage } from './mongo-wire.ts';

/** Something that goes wrong on demand. */
export interface MongoFault {
  readonly command: string;
  /** Only when this holds of the command's body. */
  readonly when?: (body: Document) => boolean;
  /** So many of them pass before. */
  readonly skip?: number;
  /** How often it happens; once unless told. */
  readonly times?: number;
  /** The command fails as a whole. */
  readonly error?: { readonly code: number; readonly codeName: string; readonly message: string };
  /** The connection ends before the command is done, or after it is done but before the answer. */
  readonly drop?: 'before' | 'after';
  /** Milliseconds before the answer. */
  readonly delay?: number;
  /** Added to the answer of a command that is done. */
  readonly reply?: Document;
}

/** How to start it. */
export interface MongoOptions {
  readonly users?: readonly {
    readonly name: string;
    readonly password: string;
    readonly role?: 'readWrite' | 'read';
  }[];
  readonly tls?: { readonly cert: string; readonly key: string };
  /** Count documents and forget them: for benchmarks. */
  readonly discard?: boolean;
  /** Commands that it shall not know, as some compatible servers do not. */
  readonly without?: readonly string[];
}

/** A running server. */
export interface MongoServer {
  readonly host: string;
  readonly port: number;
  readonly uri: string;
  /** Names of all commands that came, in order. */
  readonly commands: readonly string[];
  fault(fault: MongoFault): void;
  /** Names of a database's collections. */
  collections(database: string): string[];
  /** Its documents with BSON types kept, in the order they came; undefined when it does not exist. */
  documents(database: string, collection: string): Document[] | undefined;
  /** Documents counted in `discard` mode. */
  discarded(database: string, collection: string): number;
  collection(database: string, collection: string): StoredCollection | undefined;
  clear(): void;
  stop(): Promise<void>;
}

interface Armed extends MongoFault {
  left: number;
  passing: number;
}

function strike(faults: Armed[], body: Document): Armed | undefined {
  const [name = ''] = Object.keys(body);
  const fault = faults.find((one) => one.left > 0 && one.command === name && (one.when?.(body) ?? true));
  if (!fault) return undefined;
  if (fault.passing > 0) {
    fault.passing -= 1;
    return undefined;
  }
  fault.left -= 1;
  return fault;
}

function answer(session: MongoSession, command: WireCommand, fault: Armed | undefined): Document {
  try {
    if (fault?.error) throw new CommandError(fault.error.code, fault.error.codeName, fault.error.message);
    return { ok: 1, ...session.run(command), ...fault?.reply };
  } catch (error) {
    if (error instanceof CommandError) return error.reply();
    return { ok: 0, errmsg: String(error), code: 8000, codeName: 'InternalError' };
  }
}

function serve(socket: Socket, server: SessionServer, faults: Armed[], commands: string[]): void {
  const session = new MongoSession(server);
  const timers = new Set<NodeJS.Timeout>();
  const frame = createFramer((message) => {
    const command = parseMessage(message);
    const name = Object.keys(command.body)[0] ?? '';
    commands.push(name);
    const fault = strike(faults, command.body);
    if (fault?.drop === 'before') {
      socket.destroy();
      return;
    }
    const reply = answer(session, command, fault);
    const send = () =>
      void (fault?.drop === 'after' ? socket.destroy() : socket.write(formatReply(command, reply)));
    if (!command.wantsReply) return;
    if (fault?.delay) timers.add(setTimeout(send, fault.delay));
    else send();
  });
  socket.setNoDelay(true);
  socket.on('error', () => socket.destroy());
  socket.on('close', () => timers.forEach(clearTimeout));
  socket.on('data', (chunk: Buffer) => {
    try {
      frame(chunk);
    } catch {
      socket.destroy();
    }
  });
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((done, fail) => server.once('error', fail).listen(0, '127.0.0.1', done));
  return (server.address() as AddressInfo).port;
}

/**
 * A MongoDB of its own wire protocol, strict about sign-in, roles, names, sizes and unique keys. Documents live in memory.
 * Without `users` nobody needs to sign in.
 */
export async function startMongo(options: MongoOptions = {}): Promise<MongoServer> {
  const state: MongoState = { databases: new Map(), cursors: new Map(), discard: options.discard ?? false };
  const users = new Map<string, MongoUser>(
    (options.users ?? []).map(({ name, password, role = 'readWrite' }) => [
      name,
      { secret: scramSecret(password), role },
    ]),
  );
  const session: SessionServer = { state, users, without: options.without ?? [] };
  const sockets = new Set<Socket>();
  const faults: Armed[] = [];
  const commands: string[] = [];
  const accept = (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    serve(socket, session, faults, commands);
  };
  const server = options.tls ? createTlsServer(options.tls, accept) : createServer(accept);
  server.on('tlsClientError', () => {});
  const port = await listen(server);
  const find = (database: string, name: string) => state.databases.get(database)?.get(name);
  return {
    host: '127.0.0.1',
    port,
    uri: `mongodb://127.0.0.1:${port}`,
    commands,
    fault: (fault) => void faults.push({ ...fault, left: fault.times ?? 1, passing: fault.skip ?? 0 }),
    collections: (database) => [...(state.databases.get(database)?.keys() ?? [])],
    documents(database, name) {
      const found = find(database, name);
      return found && [...found.documents.values()].map(decode);
    },
    discarded: (database, name) => find(database, name)?.discarded ?? 0,
    collection: find,
    clear: () => state.databases.clear(),
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((done) => server.close(() => done()));
    },
  };
}
