import { createHash, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from 'node:crypto';

/** What a server keeps of a password (RFC 5802, with SHA-256). */
export interface ScramSecret {
  readonly salt: Buffer;
  readonly iterations: number;
  readonly storedKey: Buffer;
  readonly serverKey: Buffer;
}

const hmac = (key: Buffer, text: string) => createHmac('sha256', key).update(text).digest();
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest();

/** Derives the secret. 4,096 rounds are the fewest that drivers accept; servers take 15,000, which only costs test time. */
export function scramSecret(password: string, iterations = 4096): ScramSecret {
  const salt = randomBytes(28);
  const salted = pbkdf2Sync(password.normalize('NFKC'), salt, iterations, 32, 'sha256');
  return {
    salt,
    iterations,
    storedKey: sha256(hmac(salted, 'Client Key')),
    serverKey: hmac(salted, 'Server Key'),
  };
}

/** One conversation: the server's answer to the client's first message, and what is needed to check the final one. */
export interface ScramConversation {
  readonly userName: string;
  readonly serverFirst: string;
  /** The server's final message; undefined when the proof or the nonce is wrong. */
  finish(clientFinal: string): string | undefined;
}

function attributes(message: string): Map<string, string> {
  return new Map(message.split(',').map((part) => [part.slice(0, 1), part.slice(2)]));
}

/** Begins a conversation. Unknown users get a salt all the same, and fail at the end: that is how servers do it. */
export function beginScram(
  clientFirst: string,
  secretOf: (user: string) => ScramSecret | undefined,
): ScramConversation {
  const bare = clientFirst.slice(clientFirst.indexOf('n='));
  const first = attributes(bare);
  const userName = (first.get('n') ?? '').replaceAll('=2C', ',').replaceAll('=3D', '=');
  const secret = secretOf(userName) ?? scramSecret(randomBytes(16).toString('hex'));
  const nonce = `${first.get('r')}${randomBytes(18).toString('base64')}`;
  const serverFirst = `r=${nonce},s=${secret.salt.toString('base64')},i=${secret.iterations}`;
  return {
    userName,
    serverFirst,
    finish(clientFinal) {
      const proofAt = clientFinal.lastIndexOf(',p=');
      const authMessage = `${bare},${serverFirst},${clientFinal.slice(0, proofAt)}`;
      const proof = Buffer.from(clientFinal.slice(proofAt + 3), 'base64');
      const signature = hmac(secret.storedKey, authMessage);
      if (attributes(clientFinal).get('r') !== nonce || proof.length !== signature.length) return undefined;
      const clientKey = Buffer.from(proof.map((byte, index) => byte ^ signature[index]!));
      if (!timingSafeEqual(sha256(clientKey), secret.storedKey)) return undefined;
      return `v=${hmac(secret.serverKey, authMessage).toString('base64')}`;
    },
  };
}
