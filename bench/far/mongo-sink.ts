// A MongoDB that signs in and answers like the strict stand-in, but only counts what is inserted.
import { createServer, type Socket } from 'node:net';
import { crc32 } from 'node:zlib';
import { CommandError } from '../../test/servers/mongo-error.ts';
import { scramSecret } from '../../test/servers/mongo-scram.ts';
import { MongoSession, type SessionServer } from '../../test/servers/mongo-session.ts';
import { formatReply, maxMessageBytes, parseMessage } from '../../test/servers/mongo-wire.ts';
import { type Arrived, benchSecret, keeps, listen, readInto } from './far.ts';

const server: SessionServer = {
  state: { databases: new Map(), cursors: new Map(), discard: true },
  users: new Map([['loader', { secret: scramSecret(benchSecret), role: 'readWrite' }]]),
  without: [],
};
const nothing: Arrived = { pieces: 0, bytes: 0, documents: 0, crc32: 0 };
let arrived = nothing;

const opMsg = 2013;
const insertKey = Buffer.from('insert\0');
const documentsKey = Buffer.from('\x04documents\0', 'latin1');
const kindOfArray = 3;

/** Of the document without its `_id`, which every tool makes for itself and puts first or last: 12 bytes behind the key. */
function sumOf(document: Buffer): number {
  const key = document.indexOf('_id\0');
  return crc32(document.subarray(key + 4 + 12), crc32(document.subarray(4, key - 1)));
}

function count(documents: Buffer): void {
  let [found, sum] = [0, 0];
  for (let at = 0; at < documents.length; found += 1) {
    const length = documents.readInt32LE(at);
    if (keeps) sum = (sum + sumOf(documents.subarray(at, at + length))) >>> 0;
    at += length;
  }
  add(found, documents.length, sum);
}

function add(documents: number, bytes: number, sum: number): void {
  arrived = {
    pieces: arrived.pieces + 1,
    bytes: arrived.bytes + bytes,
    documents: arrived.documents + documents,
    crc32: (arrived.crc32 + sum) >>> 0,
  };
}

/** The documents of an array inside the command's body, as drivers send them for `insertMany`. */
function countArray(body: Buffer): void {
  const start = body.indexOf(documentsKey) + documentsKey.length;
  const end = start + body.readInt32LE(start) - 1;
  let [found, bytes, sum] = [0, 0, 0];
  for (let at = start + 4; at < end && body[at] === kindOfArray; found += 1) {
    const document = body.indexOf(0, at) + 1;
    const length = body.readInt32LE(document);
    if (keeps) sum = (sum + sumOf(body.subarray(document, document + length))) >>> 0;
    bytes += length;
    at = document + length;
  }
  add(found, bytes, sum);
}

/** Counts an insert command; false when the message is something else. */
function countInsert(message: Buffer): boolean {
  const isMsg = message.readInt32LE(12) === opMsg && message[20] === 0;
  if (!isMsg || message.compare(insertKey, 0, insertKey.length, 26, 26 + insertKey.length) !== 0)
    return false;
  const body = message.subarray(21, 21 + message.readInt32LE(21));
  const sequence = 21 + body.length;
  if (message[sequence] !== 1) {
    countArray(body);
    return true;
  }
  const end = sequence + 1 + message.readInt32LE(sequence + 1);
  count(message.subarray(message.indexOf(0, sequence + 5) + 1, end));
  return true;
}

const insertCommand = {
  legacy: false,
  wantsReply: true,
  body: {},
  sequences: new Map<string, Uint8Array[]>(),
};

function reply(session: MongoSession, message: Buffer): Buffer {
  const before = arrived.documents;
  if (countInsert(message)) {
    const command = { ...insertCommand, requestId: message.readInt32LE(4) };
    return formatReply(command, { ok: 1, n: arrived.documents - before });
  }
  const command = parseMessage(message);
  try {
    return formatReply(command, { ok: 1, ...session.run(command) });
  } catch (error) {
    if (error instanceof CommandError) return formatReply(command, error.reply());
    throw error;
  }
}

/** One connection: messages are put together in one buffer that grows to what the client sends. */
function serve(): (bytes: Buffer, socket: Socket) => void {
  const session = new MongoSession(server);
  let buffer = Buffer.allocUnsafeSlow(1 << 20);
  let filled = 0;
  const room = (needed: number) => {
    if (needed <= buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.min(needed * 2, 2 * maxMessageBytes));
    buffer.copy(larger, 0, 0, filled);
    buffer = larger;
  };
  return (bytes, socket) => {
    room(filled + bytes.length);
    filled += bytes.copy(buffer, filled);
    let at = 0;
    while (filled - at >= 16 && filled - at >= buffer.readInt32LE(at)) {
      const length = buffer.readInt32LE(at);
      socket.write(reply(session, buffer.subarray(at, at + length)));
      at += length;
    }
    if (at > 0) buffer.copy(buffer, 0, at, filled);
    filled -= at;
  };
}

function report(): Arrived {
  const now = arrived;
  arrived = nothing;
  return now;
}

await listen(
  createServer({ pauseOnConnect: true }, (socket) => readInto(socket, serve())),
  report,
);
