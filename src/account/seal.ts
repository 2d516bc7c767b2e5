import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { UserError } from '../errors.ts';
import type { Sealed, SealedSecrets } from '../store/sealed-secrets.ts';
import { type KeyRing, type MasterKey, keyMissing } from './key-ring.ts';

const cipher = 'aes-256-gcm';
/** The sizes that NIST SP 800-38D recommends. A shorter tag is refused, for it would be easier to forge. */
const nonceBytes = 12;
const tagBytes = 16;

function encrypt(key: Buffer, plain: Buffer, bound: string): string {
  const nonce = randomBytes(nonceBytes);
  const encryption = createCipheriv(cipher, key, nonce, { authTagLength: tagBytes });
  encryption.setAAD(Buffer.from(bound));
  const text = Buffer.concat([encryption.update(plain), encryption.final()]);
  return Buffer.concat([nonce, text, encryption.getAuthTag()]).toString('base64');
}

/** Throws when anything is not as it was sealed: key, bytes, or what it is bound to. */
function decrypt(key: Buffer, sealed: string, bound: string): Buffer {
  const bytes = Buffer.from(sealed, 'base64');
  const end = bytes.length - tagBytes;
  if (end < nonceBytes) throw new RangeError('too short');
  const decryption = createDecipheriv(cipher, key, bytes.subarray(0, nonceBytes), {
    authTagLength: tagBytes,
  });
  decryption.setAAD(Buffer.from(bound)).setAuthTag(bytes.subarray(end));
  return Buffer.concat([decryption.update(bytes.subarray(nonceBytes, end)), decryption.final()]);
}

/** What ties a secret to its place: moved to another account or field it does not open. JSON, so that no two places look the same. */
const place = (accountId: string, field: string) => JSON.stringify(['writeback', 1, accountId, field]);

/** The same for the secret's own key, and never mistaken for the secret. */
const keyPlace = (accountId: string, field: string, key: string) =>
  JSON.stringify(['writeback key', 1, accountId, field, key]);

/** Seals the secrets of an account with the ring's first key. */
export function sealSecrets(
  ring: KeyRing,
  accountId: string,
  secrets: Readonly<Record<string, string>>,
): SealedSecrets {
  const [master] = ring;
  return mapValues(secrets, (field, secret): Sealed => {
    const own = randomBytes(32);
    const text = encrypt(own, Buffer.from(secret), place(accountId, field));
    const wrapped = encrypt(master.bytes, own, keyPlace(accountId, field, master.id));
    own.fill(0);
    return { v: 1, key: master.id, wrapped, text };
  });
}

/**
 * Opens the secrets of an account. Throws UserErrors `seal-key-missing` when the ring lacks their master key, and
 * `seal-broken` (with the field) when one was changed or belongs to another account or field.
 */
export function openSecrets(
  ring: KeyRing,
  accountId: string,
  sealed: SealedSecrets,
): Readonly<Record<string, string>> {
  return mapValues(sealed, (field, one) => {
    const own = openKey(ring, accountId, field, one);
    const secret = unbroken(field, () => decrypt(own, one.text, place(accountId, field)));
    own.fill(0);
    return secret.toString();
  });
}

/** The same secrets under the ring's first key; the secrets themselves are not opened. Throws what `openSecrets` throws. */
export function rotateSecrets(ring: KeyRing, accountId: string, sealed: SealedSecrets): SealedSecrets {
  const [master] = ring;
  return mapValues(sealed, (field, one): Sealed => {
    if (one.key === master.id) return one;
    const own = openKey(ring, accountId, field, one);
    const wrapped = encrypt(master.bytes, own, keyPlace(accountId, field, master.id));
    own.fill(0);
    return { ...one, key: master.id, wrapped };
  });
}

function openKey(ring: KeyRing, accountId: string, field: string, sealed: Sealed): Buffer {
  const master = ring.find((key: MasterKey) => key.id === sealed.key);
  if (!master) throw keyMissing([sealed.key]);
  return unbroken(field, () => decrypt(master.bytes, sealed.wrapped, keyPlace(accountId, field, master.id)));
}

function unbroken(field: string, open: () => Buffer): Buffer {
  try {
    return open();
  } catch (error) {
    throw new UserError('seal-broken', 'A saved secret was changed or belongs to another account.', {
      field,
      remedy: 'Type it in again.',
      cause: error,
    });
  }
}

function mapValues<A, B>(
  record: Readonly<Record<string, A>>,
  change: (name: string, value: A) => B,
): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(name, value)]));
}
