// 64 bytes at a time, one bit for each: where quotes, commas and line ends stand, and which of them count.
import { BLOCK } from './layout';

const QUOTE: u8 = 0x22;
const COMMA: u8 = 0x2c;
const LF: u8 = 0x0a;
const CR: u8 = 0x0d;

/** Commas and line feeds that end a cell, of the 64 bytes looked at last. */
export let commas: u64 = 0;
export let lineFeeds: u64 = 0;
/** Second quotes of the pairs `""` inside quoted cells. */
export let doubledQuotes: u64 = 0;

// What the bytes before leave behind. Each is one bit, or all bits where it says so.
let inside: u64 = 0; // all bits: these 64 bytes begin inside quotes
let mayOpen: u64 = 0; // a quote may open here: after a cell's end, or after a quote
let afterClose: u64 = 0;
let afterCr: u64 = 0;

/** A record begins here. */
export function beginMasks(): void {
  inside = 0;
  mayOpen = 1;
  afterClose = 0;
  afterCr = 0;
}

function bitsOf(a: v128, b: v128, c: v128, d: v128, byte: u8): u64 {
  const all = i8x16.splat(byte);
  return (
    <u64>(<u32>i8x16.bitmask(i8x16.eq(a, all)) | ((<u32>i8x16.bitmask(i8x16.eq(b, all))) << 16)) |
    ((<u64>(<u32>i8x16.bitmask(i8x16.eq(c, all)) | ((<u32>i8x16.bitmask(i8x16.eq(d, all))) << 16))) << 32)
  );
}

/** Each bit becomes the parity of itself and all below it: set from an opening quote to before its closing quote. */
function insideQuotes(quotes: u64): u64 {
  let bits = quotes ^ (quotes << 1);
  bits ^= bits << 2;
  bits ^= bits << 4;
  bits ^= bits << 8;
  bits ^= bits << 16;
  return bits ^ (bits << 32);
}

/**
 * Looks at the 64 bytes at `at`, of which those before `to` count. False when a quote or a carriage return stands where
 * none may: then nothing is known of these bytes.
 */
export function lookAt(at: u32, to: u32): bool {
  const a = v128.load(at, BLOCK);
  const b = v128.load(at, BLOCK + 16);
  const c = v128.load(at, BLOCK + 32);
  const d = v128.load(at, BLOCK + 48);
  const valid: u64 = to - at < 64 ? ((<u64>1) << (to - at)) - 1 : ~(<u64>0);
  const quotes = bitsOf(a, b, c, d, QUOTE) & valid;
  let cr = bitsOf(a, b, c, d, CR) & valid;
  commas = bitsOf(a, b, c, d, COMMA) & valid;
  lineFeeds = bitsOf(a, b, c, d, LF) & valid;
  doubledQuotes = 0;
  let closes: u64 = 0;
  if ((quotes | inside | afterClose) !== 0) {
    const within = insideQuotes(quotes) ^ inside;
    commas &= ~within;
    lineFeeds &= ~within;
    cr &= ~within;
    const cellEnds = commas | lineFeeds;
    const opens = quotes & within;
    closes = quotes & ~within;
    const follow = (closes << 1) | afterClose;
    const wrong =
      (opens & ~(((cellEnds | quotes) << 1) | mayOpen)) | (follow & ~(cellEnds | quotes | cr) & valid);
    if (wrong !== 0) return false;
    doubledQuotes = opens & follow;
    inside = <u64>(<i64>within >> 63);
  }
  if ((((cr << 1) | afterCr) & ~lineFeeds & valid) !== 0) return false;
  mayOpen = (commas | lineFeeds | quotes) >> 63;
  afterClose = closes >> 63;
  afterCr = cr >> 63;
  return true;
}
