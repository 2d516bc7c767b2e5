import { createDecipheriv, createHash, createPrivateKey, type KeyObject } from 'node:crypto';
import { createRequire } from 'node:module';
import type { ParsedKey } from 'ssh2';
import { UserError } from '../../errors.ts';
import { keyFormat } from './key-format.ts';
import { repairKey } from './key-repair.ts';
import { ed25519ToOpenssh } from './openssh-key.ts';

function refuseKey(message: string, remedy: string, cause?: unknown): never {
  throw new UserError('sftp-private-key-unusable', message, { field: 'sshPrivateKey', remedy, cause });
}

function refusePassphrase(given: boolean, cause?: unknown): never {
  const code = given ? 'sftp-passphrase-wrong' : 'sftp-passphrase-missing';
  const message = given
    ? 'The passphrase does not open the private key.'
    : 'The private key is encrypted, and no passphrase is given.';
  throw new UserError(code, message, {
    field: 'passphrase',
    remedy: 'Enter the passphrase of the private key.',
    cause,
  });
}

/**
 * Opens single DES, which OpenSSL 3 has put away but Domo's instructions still name: three times the same key makes
 * DES-EDE3 equal to DES. The key is made as `openssl` makes it (EVP_BytesToKey with MD5, the salt is the IV).
 */
function decryptDes(pem: string, passphrase: string): string {
  const [, iv = '', body = ''] = /DEK-Info: DES-CBC,([0-9A-F]{16})\n\n([\s\S]+?)\n-----END/.exec(pem) ?? [];
  const salt = Buffer.from(iv, 'hex');
  const key = createHash('md5').update(passphrase).update(salt).digest().subarray(0, 8);
  const decipher = createDecipheriv('des-ede3-cbc', Buffer.concat([key, key, key]), salt);
  const plain = Buffer.concat([decipher.update(body, 'base64'), decipher.final()]);
  const kind = /BEGIN (\w+) PRIVATE/.exec(pem)?.[1];
  return `-----BEGIN ${kind} PRIVATE KEY-----\n${plain.toString('base64')}\n-----END ${kind} PRIVATE KEY-----\n`;
}

function openPem(pem: string, passphrase: string | undefined, format: string): KeyObject {
  const encrypted = /ENCRYPTED/.test(pem);
  if (encrypted && !passphrase) refusePassphrase(false);
  try {
    const text = pem.includes('DEK-Info: DES-CBC,') ? decryptDes(pem, passphrase ?? '') : pem;
    return createPrivateKey(encrypted && text === pem ? { key: text, passphrase } : { key: text });
  } catch (error) {
    // About one wrong passphrase in 400 makes bytes whose padding is right by chance; OpenSSL then says "unsupported".
    if (encrypted) refusePassphrase(true, error);
    return refuseKey(
      `The private key (${format}) cannot be read: it is damaged or incomplete.`,
      'Copy the whole file again, from its BEGIN line to its END line.',
      error,
    );
  }
}

const newKey =
  'Make a key that SSH servers take: ssh-keygen -t ed25519 -f key, and give its public half (key.pub) to the server.';

/** ssh2 reads PKCS#1, SEC1 and OpenSSH, but no PKCS#8 and no ed25519 in PEM. */
function pemForSsh(key: KeyObject): string {
  const type = key.asymmetricKeyType;
  if (type === 'rsa') return key.export({ type: 'pkcs1', format: 'pem' }) as string;
  if (type === 'ed25519') return ed25519ToOpenssh(key);
  const curve = key.asymmetricKeyDetails?.namedCurve ?? '';
  if (type === 'ec' && /^(prime256v1|secp384r1|secp521r1)$/.test(curve))
    return key.export({ type: 'sec1', format: 'pem' }) as string;
  const name = type === 'ec' ? `the curve ${curve}` : `${type} keys`;
  return refuseKey(
    `The private key cannot be used: SSH does not have ${name}, or no longer takes them.`,
    newKey,
  );
}

function parse(text: string, passphrase: string | undefined, format: string): ParsedKey {
  // Synchronous because a check must be; loaded only when there is a key to look at.
  const { utils } = createRequire(import.meta.url)('ssh2') as typeof import('ssh2');
  const parsed = utils.parseKey(text, passphrase || undefined);
  const key = Array.isArray(parsed) ? parsed[0] : parsed;
  if (key instanceof Error || key === undefined) return refuseParsed(key, format, Boolean(passphrase));
  if (key.type === 'ssh-dss')
    refuseKey('The private key is a DSA key, which SSH servers no longer take.', newKey);
  return key;
}

function refuseParsed(error: Error | undefined, format: string, given: boolean): never {
  const reason = error?.message ?? '';
  if (/no passphrase/i.test(reason)) refusePassphrase(false, error);
  if (given && /passphrase|integrity check|bad decrypt/i.test(reason)) refusePassphrase(true, error);
  if (format.startsWith('PuTTY'))
    refuseKey(
      `The private key (${format}) cannot be read: only RSA keys of this format can.`,
      'Convert it: puttygen key.ppk -O private-openssh -o key.pem',
      error,
    );
  return refuseKey(
    `The private key (${format}) cannot be read: ${reason || 'unknown format'}.`,
    'Convert it: ssh-keygen -p -m PEM -f key',
    error,
  );
}

/**
 * Reads a private key in any usual format, also when the paste lost its line ends.
 * Throws UserError `sftp-private-key-unusable`, `sftp-passphrase-missing`, `sftp-passphrase-wrong`.
 */
export function readPrivateKey(text: string, passphrase: string | undefined): ParsedKey {
  const repaired = repairKey(text);
  const format = keyFormat(repaired);
  if (format.remedy !== undefined)
    refuseKey(`What was entered is ${format.name}, not a private key that can be used here.`, format.remedy);
  if (!format.pem) return parse(repaired, passphrase, format.name);
  return parse(pemForSsh(openPem(repaired, passphrase, format.name)), undefined, format.name);
}
