// The least that a client of MongoDB's wire protocol can do: one ready message of documents, written again and again.
import { once } from 'node:events';
import { connect } from 'node:net';
import { serialize } from 'bson';

const [port = 0, rows = 0] = process.argv.slice(2).map(Number);
/** As many documents of this size as our own batches hold. */
const [documentsOfMessage, documentBytes, inFlight] = [12_500, 340, 4];

function message(documents: number): Buffer {
  const padding = 'x'.repeat(documentBytes - serialize({ text: '' }).length);
  const document = serialize({ text: padding });
  const body = serialize({ insert: 'bare', $db: 'bench' });
  const head = Buffer.alloc(21);
  const name = Buffer.from('documents\0');
  const section = Buffer.alloc(5);
  section[0] = 1;
  section.writeInt32LE(4 + name.length + documents * document.length, 1);
  const all = Buffer.concat([
    head,
    body,
    section,
    name,
    ...Array.from({ length: documents }, () => document),
  ]);
  all.writeInt32LE(all.length, 0);
  all.writeInt32LE(2013, 12);
  return all;
}

const socket = connect({ port, host: '127.0.0.1', noDelay: true });
await once(socket, 'connect');
const [whole, last] = [message(documentsOfMessage), message(rows % documentsOfMessage || documentsOfMessage)];
const messages = Math.ceil(rows / documentsOfMessage);
let [sent, answered, unread] = [0, 0, 0];
const send = () => {
  while (sent < messages && sent - answered < inFlight) {
    sent += 1;
    socket.write(sent === messages ? last : whole);
  }
};
socket.on('data', (bytes: Buffer) => {
  // Every answer has the same length: that of the first.
  unread += bytes.length;
  const length = (answerLength ??= bytes.readInt32LE(0));
  answered += Math.floor(unread / length);
  unread %= length;
  send();
  if (answered === messages) socket.end();
});
let answerLength: number | undefined;
send();
await once(socket, 'close');
