import { Binary, type Document } from 'bson';
import { type Handler, type MongoState, dataCommands } from './mongo-data-commands.ts';
import { CommandError } from './mongo-error.ts';
import { schemaCommands } from './mongo-schema-commands.ts';
import { type ScramConversation, type ScramSecret, beginScram } from './mongo-scram.ts';
import { type WireCommand, maxMessageBytes } from './mongo-wire.ts';

/** Who may sign in (against `admin`), and whether writing is allowed. */
export interface MongoUser {
  readonly secret: ScramSecret;
  readonly role: 'readWrite' | 'read';
}

/** What a connection needs to know of its server. */
export interface SessionServer {
  readonly state: MongoState;
  readonly users: ReadonlyMap<string, MongoUser>;
  /** Commands that this server does not know (code 59). */
  readonly without: readonly string[];
}

const readers = new Set([
  'find',
  'getMore',
  'aggregate',
  'count',
  'listCollections',
  'listIndexes',
  'listDatabases',
  'killCursors',
]);
const open = new Set([
  'hello',
  'isMaster',
  'ismaster',
  'ping',
  'buildInfo',
  'buildinfo',
  'saslStart',
  'saslContinue',
  'endSessions',
  'connectionStatus',
]);

const commands: Readonly<Record<string, Handler>> = {
  ...dataCommands,
  ...schemaCommands,
  ping: () => ({}),
  endSessions: () => ({}),
  buildInfo: () => ({ version: '7.0.0', versionArray: [7, 0, 0, 0], maxBsonObjectSize: 16_777_216 }),
};

function checkWriteConcern(body: Document): void {
  const w: unknown = (body['writeConcern'] as Document | undefined)?.['w'];
  if (w !== undefined && typeof w !== 'string' && Number(w) > 1) {
    throw new CommandError(2, 'BadValue', "cannot use 'w' > 1 when a host is not replicated");
  }
}

const refusedLogin = () => new CommandError(18, 'AuthenticationFailed', 'Authentication failed.');

/** One connection's commands: greeting, sign-in, then whatever the user's role allows. */
export class MongoSession {
  private readonly server: SessionServer;
  private conversation: ScramConversation | undefined;
  private user: MongoUser | undefined;
  private userName: string | undefined;
  private proven = false;

  constructor(server: SessionServer) {
    this.server = server;
  }

  /** The reply; throws CommandError for a refusal. */
  run(command: WireCommand): Document {
    const { body } = command;
    const [name = ''] = Object.keys(body);
    if (name === 'hello' || name.toLowerCase() === 'ismaster') return this.hello(body);
    if (name === 'saslStart') return this.saslStart(body);
    if (name === 'saslContinue') return this.saslContinue(body);
    if (name === 'connectionStatus') return this.status();
    const handler = this.server.without.includes(name) ? undefined : commands[name];
    if (!handler) throw new CommandError(59, 'CommandNotFound', `no such command: '${name}'`);
    this.authorise(name, String(body['$db']));
    checkWriteConcern(body);
    return handler({ state: this.server.state, database: String(body['$db']), body, command });
  }

  private authorise(name: string, database: string): void {
    if (this.server.users.size === 0 || open.has(name)) return;
    if (!this.user) throw new CommandError(13, 'Unauthorized', `Command ${name} requires authentication`);
    if (this.user.role === 'readWrite' || readers.has(name)) return;
    throw new CommandError(
      13,
      'Unauthorized',
      `not authorized on ${database} to execute command { ${name}: … }`,
    );
  }

  private hello(body: Document): Document {
    const legacy = !('hello' in body);
    const asked = body['saslSupportedMechs'] as string | undefined;
    return {
      [legacy ? 'ismaster' : 'isWritablePrimary']: true,
      helloOk: true,
      maxBsonObjectSize: 16_777_216,
      maxMessageSizeBytes: maxMessageBytes,
      maxWriteBatchSize: 100_000,
      localTime: new Date(),
      logicalSessionTimeoutMinutes: 30,
      connectionId: 1,
      minWireVersion: 0,
      maxWireVersion: 21,
      readOnly: false,
      ...(asked ? { saslSupportedMechs: ['SCRAM-SHA-256'] } : {}),
    };
  }

  private status(): Document {
    const authenticatedUsers = this.user ? [{ user: this.userName, db: 'admin' }] : [];
    const authenticatedUserRoles = this.user ? [{ role: this.user.role, db: 'admin' }] : [];
    return { authInfo: { authenticatedUsers, authenticatedUserRoles } };
  }

  private saslStart(body: Document): Document {
    if (body['mechanism'] !== 'SCRAM-SHA-256') {
      throw new CommandError(
        334,
        'MechanismUnavailable',
        `Unsupported mechanism ${String(body['mechanism'])}`,
      );
    }
    const first = Buffer.from((body['payload'] as Binary).buffer).toString();
    const known = body['$db'] === 'admin';
    this.conversation = beginScram(first, (user) =>
      known ? this.server.users.get(user)?.secret : undefined,
    );
    this.proven = false;
    return {
      conversationId: 1,
      done: false,
      payload: new Binary(Buffer.from(this.conversation.serverFirst)),
    };
  }

  private saslContinue(body: Document): Document {
    if (this.proven) return { conversationId: 1, done: true, payload: new Binary(Buffer.alloc(0)) };
    if (!this.conversation) throw new CommandError(17, 'ProtocolError', 'No SASL session state found');
    const final = this.conversation.finish(Buffer.from((body['payload'] as Binary).buffer).toString());
    const user = this.server.users.get(this.conversation.userName);
    if (final === undefined || !user) throw refusedLogin();
    this.user = user;
    this.userName = this.conversation.userName;
    this.proven = true;
    return { conversationId: 1, done: false, payload: new Binary(Buffer.from(final)) };
  }
}
