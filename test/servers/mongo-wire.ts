import { BSON, type Document } from 'bson';

/** MongoDB refuses longer messages by closing the connection. */
export const maxMessageBytes = 48_000_000;

const opReply = 1;
const opQuery = 2004;
const opMsg = 2013;
const moreToCome = 2;

/** A command as it came: the body with its types kept, and the ready documents of each sequence. */
export interface WireCommand {
  readonly requestId: number;
  readonly legacy: boolean;
  /** False when the client waits for no answer (write concern 0). */
  readonly wantsReply: boolean;
  readonly body: Document;
  readonly sequences: ReadonlyMap<string, Uint8Array[]>;
}

/** Types are kept (Long stays Long), so that what is stored is what was sent. */
export function decode(bytes: Uint8Array): Document {
  return BSON.deserialize(bytes, { promoteValues: false });
}

/** Cuts documents that stand one after another. Throws when a length lies. */
export function cutDocuments(bytes: Buffer): Uint8Array[] {
  const documents: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = bytes.readInt32LE(at);
    if (length < 5 || at + length > bytes.length || bytes[at + length - 1] !== 0)
      throw new Error('broken document');
    documents.push(bytes.subarray(at, at + length));
    at += length;
  }
  return documents;
}

function parseMsg(message: Buffer): Omit<WireCommand, 'requestId' | 'legacy'> {
  const flags = message.readUInt32LE(16);
  let body: Document = {};
  const sequences = new Map<string, Uint8Array[]>();
  for (let at = 20; at < message.length;) {
    const kind = message[at];
    const length = message.readInt32LE(at + 1);
    const section = message.subarray(at + 1, at + 1 + length);
    if (section.length !== length) throw new Error('a section is longer than its message');
    if (kind === 0) body = decode(section);
    else if (kind === 1) {
      const nameEnd = section.indexOf(0, 4);
      sequences.set(section.toString('utf8', 4, nameEnd), cutDocuments(section.subarray(nameEnd + 1)));
    } else throw new Error(`unknown section kind ${kind}`);
    at += 1 + length;
  }
  return { wantsReply: (flags & moreToCome) === 0, body, sequences };
}

/** Reads one whole message: OP_MSG, or OP_QUERY as drivers still use for the first greeting. */
export function parseMessage(message: Buffer): WireCommand {
  const requestId = message.readInt32LE(4);
  const code = message.readInt32LE(12);
  if (code === opMsg) return { requestId, legacy: false, ...parseMsg(message) };
  if (code !== opQuery) throw new Error(`unknown operation ${code}`);
  const nameEnd = message.indexOf(0, 20);
  const namespace = message.toString('utf8', 20, nameEnd);
  const body = { ...decode(message.subarray(nameEnd + 9)), $db: namespace.split('.')[0] };
  return { requestId, legacy: true, wantsReply: true, body, sequences: new Map() };
}

/** The answer's bytes. */
export function formatReply(command: WireCommand, reply: Document): Buffer {
  const document = BSON.serialize(reply, { ignoreUndefined: true });
  const head = Buffer.alloc(command.legacy ? 36 : 21);
  head.writeInt32LE(head.length + document.length, 0);
  head.writeInt32LE(command.requestId, 8);
  head.writeInt32LE(command.legacy ? opReply : opMsg, 12);
  if (command.legacy) head.writeInt32LE(1, 32);
  return Buffer.concat([head, document]);
}

/** Puts chunks together to whole messages. Throws when a message is longer than the server takes. */
export function createFramer(onMessage: (message: Buffer) => void): (chunk: Buffer) => void {
  let chunks: Buffer[] = [];
  let bytes = 0;
  return (chunk) => {
    chunks.push(chunk);
    bytes += chunk.length;
    while (bytes >= 16) {
      if (chunks[0]!.length < 4) chunks = [Buffer.concat(chunks)];
      const length = chunks[0]!.readInt32LE(0);
      if (length < 16 || length > maxMessageBytes) throw new Error(`message of ${length} bytes`);
      if (bytes < length) return;
      const all = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
      chunks = all.length > length ? [all.subarray(length)] : [];
      bytes -= length;
      onMessage(all.subarray(0, length));
    }
  };
}
