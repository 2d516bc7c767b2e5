import assert from 'node:assert/strict';
import { test } from 'node:test';
import { framingOf } from './answer-framing.ts';

/** The body that is left when the bytes come in pieces of this size. */
function stripped(text: string, headers: Record<string, string>, piece: number) {
  const framing = framingOf(200, headers);
  let body = '';
  for (let from = 0; from < text.length; from += piece) {
    const bytes = Buffer.from(text.slice(from, from + piece));
    body += bytes.toString('latin1', 0, framing.strip(bytes));
  }
  return { body, whole: framing.whole };
}

const chunked = { 'transfer-encoding': 'chunked' };
const lines = [
  '4\r\nWiki\r\n',
  '0005;name="value"\r\npedia\r\n',
  'C \r\n in\r\n\r\nchunk\r\n',
  '0\r\nDigest: none\r\n\r\n',
];

test('chunks of any size, with extensions and trailers, cut anywhere, give the body and its end', () => {
  const text = `${lines.join('')}of another answer`;
  for (let piece = 1; piece <= text.length; piece += 1) {
    assert.deepEqual(stripped(text, chunked, piece), { body: 'Wikipedia in\r\n\r\nchunk', whole: true });
  }
});

test('before the last empty line, a chunked body is not whole', () => {
  for (const end of [lines.slice(0, 3).join(''), lines.join('').slice(0, -2)]) {
    assert.equal(stripped(end, chunked, 7).whole, false);
  }
});

test('a stated length is kept exactly', () => {
  assert.deepEqual(stripped('abcdef', { 'content-length': '4' }, 3), { body: 'abcd', whole: true });
  assert.deepEqual(stripped('abc', { 'content-length': '4' }, 3), { body: 'abc', whole: false });
  assert.deepEqual(stripped('', { 'content-length': '0' }, 1), { body: '', whole: true });
});

test('both together are chunks, and with neither the end of the connection decides', () => {
  assert.equal(stripped('1\r\na\r\n0\r\n\r\n', { ...chunked, 'content-length': '3' }, 2).body, 'a');
  const open = framingOf(200, {});
  assert.equal(open.strip(Buffer.from('abc')), 3);
  assert.deepEqual([open.untilClose, open.whole], [true, false]);
  assert.equal(framingOf(204, {}).whole, true);
});

test('a framing that is broken or unknown is refused', () => {
  const broken = ['x\r\n', '\r\n', '-1\r\n', '3\r\nabcd\r\n', '0'.repeat(5000), '1fffffffffffffff\r\n'];
  for (const text of broken) assert.throws(() => stripped(text, chunked, 5000), Error, text);
  assert.throws(() => framingOf(200, { 'transfer-encoding': 'gzip, chunked' }), /transfer encoding/);
  for (const length of ['-1', '1, 2', '', '0x10']) {
    assert.throws(() => framingOf(200, { 'content-length': length }), /length/);
  }
});
