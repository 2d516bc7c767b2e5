import { randomBytes } from 'node:crypto';

/** What an id is of, told by its prefix. */
export type IdKind = 'person' | 'session' | 'key' | 'account' | 'dataset' | 'writeback' | 'run' | 'channel';

let last = 0n;

/** 48 bits of milliseconds and 12 that count within one, so that ids of one process always grow. */
function stamp(): bigint {
  const now = BigInt(Date.now()) << 12n;
  last = now > last ? now : last + 1n;
  return last;
}

/**
 * A new id such as `run_0192f6c1a0b37c2e9d4f0a1b2c3d4e5f`: the kind, then a UUID of version 7 (RFC 9562, 5.7; method 1
 * of 6.2) in hexadecimal. Ids sort by the time they were made.
 */
export function newId(kind: IdKind): string {
  const time = stamp();
  const random = randomBytes(8);
  random[0] = (random[0]! & 0x3f) | 0x80;
  const head = (time >> 12n).toString(16).padStart(12, '0');
  return `${kind}_${head}7${(time & 0xfffn).toString(16).padStart(3, '0')}${random.toString('hex')}`;
}
