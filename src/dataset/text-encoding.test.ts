import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { byteOrderMark, encodeText, firstUnmappable, isMappable } from './text-encoding.ts';

const encode = (text: string, encoding: 'utf8' | 'utf16le' | 'windows1252') =>
  encodeText(Buffer.from(text), encoding);

describe('text encodings', () => {
  test('every byte of Windows-1252 has its character, and no other character has a byte', () => {
    const decoder = new TextDecoder('windows-1252');
    const all = decoder.decode(Uint8Array.from({ length: 256 }, (_, byte) => byte));
    assert.deepEqual(
      [...encode(all, 'windows1252')],
      Array.from({ length: 256 }, (_, byte) => byte),
    );
    let mappable = 0;
    for (let point = 0; point <= 0x10ffff; point++) {
      if (point >= 0xd800 && point <= 0xdfff) continue;
      const fits = all.includes(String.fromCodePoint(point));
      if (isMappable(String.fromCodePoint(point)) !== fits) assert.fail(`U+${point.toString(16)}`);
      if (fits) mappable++;
    }
    assert.equal(mappable, 256);
  });

  test('what Windows-1252 does not have becomes one question mark for each character', () => {
    assert.equal(Buffer.from(encode('a☃b😀c€', 'windows1252')).toString('latin1'), 'a?b?c\x80');
  });

  test('the first character that does not fit is found at its offset', () => {
    const bytes = Buffer.from('äö☃x😀');
    assert.equal(firstUnmappable(bytes, 0, bytes.length), 4);
    assert.equal(firstUnmappable(bytes, 7, bytes.length), 8);
    assert.equal(firstUnmappable(bytes, 0, 4), -1);
  });

  test('UTF-16LE is what the decoder reads back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const decoder = new TextDecoder('utf-16le', { ignoreBOM: true });
        assert.equal(decoder.decode(encode(text, 'utf16le')), text);
      }),
    );
  });

  test('byte order marks', () => {
    assert.deepEqual([...byteOrderMark('utf8')], [0xef, 0xbb, 0xbf]);
    assert.deepEqual([...byteOrderMark('utf16le')], [0xff, 0xfe]);
    assert.deepEqual([...byteOrderMark('windows1252')], []);
  });
});
