import type { KeyObject } from 'node:crypto';

/** A string as SSH writes it: four bytes of length, then the bytes. */
function field(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value as string);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** Writes an ed25519 key in OpenSSH's own format (PROTOCOL.key of OpenSSH), unencrypted: the only one that ssh2 reads for this type. */
export function ed25519ToOpenssh(key: KeyObject): string {
  const { d = '', x = '' } = key.export({ format: 'jwk' });
  const publicHalf = Buffer.from(x, 'base64url');
  const publicBlob = Buffer.concat([field('ssh-ed25519'), field(publicHalf)]);
  const secret = Buffer.concat([Buffer.from(d, 'base64url'), publicHalf]);
  // The two check numbers only have to be equal.
  const inner = Buffer.concat([
    Buffer.alloc(8),
    field('ssh-ed25519'),
    field(publicHalf),
    field(secret),
    field(''),
  ]);
  const padding = Buffer.from([1, 2, 3, 4, 5, 6, 7]).subarray(0, (8 - (inner.length % 8)) % 8);
  const count = Buffer.from([0, 0, 0, 1]);
  const outer = [
    Buffer.from('openssh-key-v1\0'),
    field('none'),
    field('none'),
    field(''),
    count,
    field(publicBlob),
  ];
  const bytes = Buffer.concat([...outer, field(Buffer.concat([inner, padding]))]);
  const lines = bytes.toString('base64').match(/.{1,70}/g) ?? [];
  return `-----BEGIN OPENSSH PRIVATE KEY-----\n${lines.join('\n')}\n-----END OPENSSH PRIVATE KEY-----\n`;
}
