import { createRequire } from 'node:module';

/** The driver's internal classes that are used, as far as they are used (mongodb 7.9, `lib/cmap/commands.js`). */
interface DriverCommands {
  readonly DocumentSequence: new (field: string) => { toBin(): Uint8Array };
  readonly OpMsgRequest: new (
    database: string,
    command: object,
    options: object,
  ) => { toBin(): Uint8Array[] };
}

/** Puts BSON documents that stand one after another into a command, as its field of that name. */
export type MakeSequence = (section: Uint8Array) => object;

/**
 * A "kind 1" section of an OP_MSG: kind, length, field name, documents.
 * https://github.com/mongodb/specifications/blob/master/source/message/OP_MSG.md
 */
export function sequenceSection(field: string, documents: Uint8Array): Buffer {
  const headBytes = 1 + 4 + field.length + 1;
  const section = Buffer.allocUnsafe(headBytes + documents.length);
  section[0] = 1;
  section.writeInt32LE(section.length - 1, 1);
  section.write(`${field}\0`, 5, 'latin1');
  section.set(documents, headBytes);
  return section;
}

/** The documents of a section, for the way round the internals. */
export function sectionDocuments(section: Uint8Array): Uint8Array[] {
  const view = new DataView(section.buffer, section.byteOffset, section.byteLength);
  const documents: Uint8Array[] = [];
  let at = section.indexOf(0, 5) + 1;
  while (at < section.length) {
    const length = view.getInt32(at, true);
    documents.push(section.subarray(at, at + length));
    at += length;
  }
  return documents;
}

/** An empty document: five bytes. */
const emptyDocument = Uint8Array.of(5, 0, 0, 0, 0);

function works(commands: DriverCommands, make: MakeSequence): boolean {
  const section = sequenceSection('documents', Buffer.concat([emptyDocument, emptyDocument]));
  const request = new commands.OpMsgRequest('test', { insert: 'test', documents: make(section) }, {});
  const message = Buffer.concat(request.toBin());
  const tail = message.subarray(message.length - section.length);
  const body = message.subarray(21, message.length - section.length);
  return (
    message.readInt32LE(0) === message.length &&
    body.readInt32LE(0) === body.length &&
    tail.equals(section) &&
    !body.includes('documents')
  );
}

/**
 * The driver's own document sequence with ready bytes in it: documents never become JavaScript objects, which are the whole
 * cost of the usual way (18 × the time). It is internal to the driver, so it is tried on a message that goes nowhere first;
 * undefined when this driver works otherwise.
 */
export function readySequences(): MakeSequence | undefined {
  try {
    const commands = createRequire(import.meta.url)('mongodb/lib/cmap/commands.js') as DriverCommands;
    class ReadySequence extends commands.DocumentSequence {
      readonly section: Uint8Array;
      constructor(section: Uint8Array) {
        super('documents');
        this.section = section;
      }
      override toBin(): Uint8Array {
        return this.section;
      }
    }
    const make: MakeSequence = (section) => new ReadySequence(section);
    return works(commands, make) ? make : undefined;
  } catch {
    return undefined;
  }
}
