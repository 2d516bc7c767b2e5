import { createHash, randomBytes } from 'node:crypto';
import { link, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { UserError } from '../errors.ts';

/** A key that seals the keys of secrets. 32 random bytes. */
export interface MasterKey {
  /** Follows from the key, so that the same key has the same id wherever it was put. Tells nothing of it. */
  readonly id: string;
  readonly bytes: Buffer;
}

/** The keys that open what was sealed; the first one seals what is new. */
export type KeyRing = readonly [MasterKey, ...MasterKey[]];

const size = 32;

function masterKey(bytes: Buffer): MasterKey {
  const id = createHash('sha256').update('writeback master key\0').update(bytes).digest('hex').slice(0, 16);
  return { id, bytes };
}

export function newMasterKey(): MasterKey {
  return masterKey(randomBytes(size));
}

/**
 * Reads keys: base64 of 32 bytes each, separated by line ends, spaces or commas; the first is the current one. `place`
 * names where the text came from. Throws a UserError `seal-key-bad`, which does not repeat what it read.
 */
export function parseKeyRing(text: string, place: string): KeyRing {
  const words = text.split(/[\s,]+/).filter((word) => word !== '');
  const keys = words.map((word) => {
    const bytes = Buffer.from(word, 'base64');
    // Node ignores what is no base64; written back it must be the same.
    if (bytes.length === size && bytes.toString('base64') === word) return masterKey(bytes);
    throw badKey(place, `what should be a key is not ${size} bytes in base64`);
  });
  const [first, ...others] = keys;
  if (!first) throw badKey(place, 'there is no key');
  return [first, ...others];
}

function badKey(place: string, why: string): UserError {
  return new UserError('seal-key-bad', `The master key in ${place} cannot be used: ${why}.`, {
    remedy: `Bring it back from a backup. A new one is made with "openssl rand -base64 ${size}", but opens nothing that is sealed already.`,
  });
}

/** The ring as `parseKeyRing` reads it. */
function keyRingText(ring: KeyRing): string {
  return ring.map(({ bytes }) => `${bytes.toString('base64')}\n`).join('');
}

/**
 * Reads the key file. Without one, a new key is written with mode 0600 if `create` is true: say so only when nothing is
 * sealed yet, for a new key opens nothing. Throws UserErrors `seal-key-missing`, `seal-key-bad`, and `seal-key-open` when
 * other users may read it.
 */
export async function readKeyFile(file: string, create: boolean): Promise<KeyRing> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw badKey(file, error.message);
  });
  if (text !== undefined) {
    await requirePrivate(file);
    return parseKeyRing(text, file);
  }
  if (!create) {
    throw new UserError(
      'seal-key-missing',
      `The master key ${file} is gone, and secrets are sealed with it.`,
      {
        remedy: 'Bring the file back from a backup, or give the key in WRITEBACK_MASTER_KEYS.',
      },
    );
  }
  return createKeyFile(file);
}

async function requirePrivate(file: string): Promise<void> {
  const { mode } = await stat(file);
  if ((mode & 0o077) === 0) return;
  throw new UserError('seal-key-open', `Other users of this machine may read the master key ${file}.`, {
    remedy: `Run: chmod 600 ${file}. If somebody may have read it, make a new key with "writeback keys rotate".`,
  });
}

/** Of two processes that create the file at once, both get the key of the one that was first. */
async function createKeyFile(file: string): Promise<KeyRing> {
  const temporary = await writeBeside(file, [newMasterKey()]);
  try {
    await link(temporary, file).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  } finally {
    await rm(temporary, { force: true });
  }
  await flushFolder(file);
  return parseKeyRing(await readFile(file, 'utf8'), file);
}

/** Replaces the key file in one step. */
export async function writeKeyFile(file: string, ring: KeyRing): Promise<void> {
  await rename(await writeBeside(file, ring), file);
  await flushFolder(file);
}

/** On the disk before it gets its name: a key that a power cut takes away takes all secrets with it. */
async function writeBeside(file: string, ring: KeyRing): Promise<string> {
  const temporary = `${file}.${randomBytes(6).toString('hex')}`;
  const handle = await open(temporary, 'wx', 0o600);
  try {
    await handle.writeFile(keyRingText(ring));
    await handle.sync();
  } finally {
    await handle.close();
  }
  return temporary;
}

async function flushFolder(file: string): Promise<void> {
  const folder = await open(join(dirname(file), '.'));
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Throws a UserError `seal-key-missing` unless the ring has every key that secrets are sealed with: to be asked at the start. */
export function requireKeys(ring: KeyRing, inUse: readonly string[]): void {
  const missing = inUse.filter((id) => !ring.some((key) => key.id === id));
  if (missing.length > 0) throw keyMissing(missing);
}

/** The refusal that names the ids of keys that are not in the ring. */
export function keyMissing(ids: readonly string[]): UserError {
  const keys = `${ids.length === 1 ? 'master key' : 'master keys'} ${ids.join(', ')}`;
  return new UserError(
    'seal-key-missing',
    `Secrets are sealed with the ${keys}, which this process does not have.`,
    {
      remedy:
        'Give the key that was used so far, in the key file or in WRITEBACK_MASTER_KEYS; without it the secrets have to be typed in again.',
    },
  );
}
