import { asBuffer } from './cell-text.ts';

/** Ids as in the file options. */
export type TextEncoding = 'utf8' | 'utf16le' | 'windows1252';

const QUESTION_MARK = 0x3f;

/** The byte of each code point of the basic plane in Windows-1252 as the WHATWG defines it; 0 where there is none. */
let windows1252: Uint8Array | undefined;

function windows1252Table(): Uint8Array {
  if (windows1252) return windows1252;
  const upper = Uint8Array.from({ length: 128 }, (_, index) => 128 + index);
  windows1252 = new Uint8Array(0x1_0000);
  for (const [index, character] of Array.from(new TextDecoder('windows-1252').decode(upper)).entries()) {
    windows1252[character.codePointAt(0) ?? 0] = 128 + index;
  }
  return windows1252;
}

/** The code point at `at` of valid UTF-8, which is not ASCII there. Beyond the basic plane: 0, which has no byte either. */
function codePoint(bytes: Uint8Array, at: number): number {
  const lead = bytes[at]!;
  const second = bytes[at + 1]! & 0x3f;
  if (lead < 0xe0) return ((lead & 0x1f) << 6) | second;
  if (lead < 0xf0) return ((lead & 0x0f) << 12) | (second << 6) | (bytes[at + 2]! & 0x3f);
  return 0;
}

function lengthOf(lead: number): number {
  if (lead < 0xe0) return 2;
  return lead < 0xf0 ? 3 : 4;
}

/** Offset of the first character that Windows-1252 does not have in `bytes[from, to)` of valid UTF-8; -1 when all fit. */
export function firstUnmappable(bytes: Uint8Array, from: number, to: number): number {
  const table = windows1252Table();
  for (let i = from; i < to;) {
    const byte = bytes[i]!;
    if (byte < 0x80) i++;
    else if (table[codePoint(bytes, i)] === 0) return i;
    else i += lengthOf(byte);
  }
  return -1;
}

/** True when Windows-1252 has every character of a text. */
export function isMappable(text: string): boolean {
  const bytes = Buffer.from(text);
  return firstUnmappable(bytes, 0, bytes.length) < 0;
}

/** Works in place: no character takes more bytes than it had. */
function toWindows1252(bytes: Uint8Array): Uint8Array {
  const table = windows1252Table();
  let written = 0;
  for (let i = 0; i < bytes.length;) {
    const byte = bytes[i]!;
    if (byte < 0x80) {
      bytes[written++] = byte;
      i++;
    } else {
      bytes[written++] = table[codePoint(bytes, i)] || QUESTION_MARK;
      i += lengthOf(byte);
    }
  }
  return bytes.subarray(0, written);
}

/**
 * Valid UTF-8, whole characters, in another encoding. The given bytes may be overwritten and may be the answer. What
 * Windows-1252 does not have becomes `?`; `firstUnmappable` finds it beforehand.
 */
export function encodeText(utf8: Uint8Array, encoding: TextEncoding): Uint8Array {
  if (encoding === 'utf8') return utf8;
  if (encoding === 'windows1252') return toWindows1252(utf8);
  return Buffer.from(asBuffer(utf8).toString('utf8'), 'utf16le');
}

/** The byte order mark of an encoding; Windows-1252 has none. */
export function byteOrderMark(encoding: TextEncoding): Uint8Array {
  return encoding === 'windows1252' ? new Uint8Array(0) : encodeText(Buffer.from('\ufeff'), encoding);
}
