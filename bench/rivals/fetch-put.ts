// Node's fetch un-zips what it reads; the rows go on by node:http, which waits where fetch's own upload would not.
import { request } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

const [, , from = '', to = ''] = process.argv;
const { body } = await fetch(from);
if (!body) throw new Error('There is no body.');
const upload = request(to, { method: 'PUT' });
const answered = new Promise<void>((done, fail) =>
  upload.on('error', fail).on('response', (answer) => answer.resume().on('end', done)),
);
await pipeline(Readable.fromWeb(body), upload);
await answered;
