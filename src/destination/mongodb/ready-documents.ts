import { createRequire } from 'node:module';
import { PassThrough } from 'node:stream';

/** A command on its way, as the driver builds it (mongodb 7.9, `lib/cmap/commands.js`). */
interface Message {
  /** Absent from the OP_QUERY with which a connection begins. */
  readonly command?: Record<string, unknown>;
  toBin(): Uint8Array[];
}

interface WriteOptions {
  readonly agreedCompressor?: string;
}

/** The driver's connection, as far as it is used (`lib/cmap/connection.js`). */
interface Connection {
  readonly socket: Pick<PassThrough, 'cork' | 'write' | 'uncork'>;
  writeCommand(message: Message, options: WriteOptions): Promise<void>;
}

type ConnectionClass = new (...anything: never[]) => Connection;
type SequenceClass = new (field: string, documents?: object[]) => { toBin(): Uint8Array };
type MessageClass = new (database: string, command: object, options: object) => Message;

/** What of the driver is used beyond its public ways. */
interface DriverParts {
  readonly version: string;
  readonly Connection: ConnectionClass;
  readonly DocumentSequence: SequenceClass;
  readonly OpMsgRequest: MessageClass;
}

/** The driver's own command path, taught to send BSON documents that are ready. */
export interface ReadyDocuments {
  /** The client's option of the same name: connections that write ready documents from where they lie. */
  readonly connectionType: unknown;
  /** A command's field of that name: these documents, one after another. They are read until the command is answered. */
  readonly sequence: (field: string, documents: Uint8Array) => object;
}

/** The driver with which all this was tried. */
const triedWith = '7.9.';

/**
 * Begins a "kind 1" section of an OP_MSG: kind, length, field name; the documents follow.
 * https://github.com/mongodb/specifications/blob/master/source/message/OP_MSG.md
 */
function sectionHead(field: string, documentsLength: number): Buffer {
  const head = Buffer.alloc(1 + 4 + field.length + 1);
  head[0] = 1;
  head.writeInt32LE(head.length - 1 + documentsLength, 1);
  head.write(field, 5, 'latin1');
  return head;
}

interface ReadySequence {
  readonly head: Buffer;
  readonly ready: Uint8Array;
  toBin(): Uint8Array;
}

type ReadySequenceClass = new (field: string, documents: Uint8Array) => ReadySequence;

/** The driver's sequence of documents, made of ready ones. */
function sequenceClass(DocumentSequence: SequenceClass): ReadySequenceClass {
  return class extends DocumentSequence implements ReadySequence {
    readonly head: Buffer;
    readonly ready: Uint8Array;
    constructor(field: string, documents: Uint8Array) {
      super(field);
      this.head = sectionHead(field, documents.length);
      this.ready = documents;
    }
    /** For messages that are compressed, and for connections of another class: then it is copied. */
    override toBin(): Uint8Array {
      return Buffer.concat([this.head, this.ready]);
    }
  };
}

/**
 * The driver's connection, which joins the parts of a message by copying them twice: 8 MB of garbage for 4 MB of documents,
 * faster than the collector frees it. This one writes ready documents from where they lie. It does not wait until they are
 * written: the answer, for which the driver waits next, comes after that, and a lost connection ends the waiting.
 */
function connectionClass(Connection: ConnectionClass, Sequence: ReadySequenceClass): ConnectionClass {
  return class extends Connection {
    override async writeCommand(message: Message, options: WriteOptions): Promise<void> {
      const { command = {} } = message;
      const found = Object.entries(command).find(([, value]) => value instanceof Sequence);
      const compressed = (options.agreedCompressor ?? 'none') !== 'none';
      if (!found || compressed) return super.writeCommand(message, options);
      const [field, sequence] = found as [string, ReadySequence];
      // As the driver does when it has taken the sequence out: the command is a copy of the caller's.
      delete command[field];
      const front = Buffer.concat([...message.toBin(), sequence.head]);
      front.writeInt32LE(front.length + sequence.ready.length, 0);
      this.socket.cork();
      this.socket.write(front);
      this.socket.write(sequence.ready);
      this.socket.uncork();
    }
  };
}

/** The bytes that a connection puts on the wire for a message. */
function onTheWire(type: ConnectionClass, message: Message): Buffer {
  const socket = new PassThrough();
  const connection = Object.assign(Object.create(type.prototype) as Connection, { socket });
  connection.writeCommand(message, { agreedCompressor: 'none' }).catch(() => {});
  return socket.read() as Buffer;
}

/** Two empty documents on a wire that goes nowhere: as the driver writes them, as we do, and as we do for compression. */
function works({ DocumentSequence, OpMsgRequest }: DriverParts, made: ReadyDocuments): boolean {
  const message = (documents: object) =>
    new OpMsgRequest('test', { insert: 'test', documents }, { requestId: 7 });
  const ready = () => message(made.sequence('documents', Buffer.from([5, 0, 0, 0, 0, 5, 0, 0, 0, 0])));
  const expected = Buffer.concat(message(new DocumentSequence('documents', [{}, {}])).toBin());
  return (
    expected.length > 0 &&
    expected.equals(onTheWire(made.connectionType as ConnectionClass, ready())) &&
    expected.equals(Buffer.concat(ready().toBin()))
  );
}

/** The parts of the driver that is installed. Throws when it has none such. */
export function installedDriver(): DriverParts {
  const require = createRequire(import.meta.url);
  const part = (name: string) => require(`mongodb/${name}`) as DriverParts;
  const { DocumentSequence, OpMsgRequest } = part('lib/cmap/commands.js');
  const { Connection } = part('lib/cmap/connection.js');
  return { version: part('package.json').version, Connection, DocumentSequence, OpMsgRequest };
}

/**
 * Documents that are bytes already never become JavaScript objects, which are the whole cost of the usual way (18 × the
 * time). All of it is internal to the driver, so its version is pinned and the bytes are compared with the driver's own;
 * undefined when they differ, or the driver is another.
 */
export function readyDocuments(load: () => DriverParts = installedDriver): ReadyDocuments | undefined {
  try {
    const driver = load();
    if (!driver.version.startsWith(triedWith)) return undefined;
    const Sequence = sequenceClass(driver.DocumentSequence);
    const made = {
      connectionType: connectionClass(driver.Connection, Sequence),
      sequence: (field: string, documents: Uint8Array) => new Sequence(field, documents),
    };
    return works(driver, made) ? made : undefined;
  } catch {
    return undefined;
  }
}
