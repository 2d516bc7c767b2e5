import { join } from 'node:path';
import { masterKeysInUse } from '../store/master-keys-in-use.ts';
import type { Db } from '../store/database.ts';
import { registerKey, registeredKey } from '../store/installation.ts';
import { type KeyRing, parseKeyRing, readKeyFile, requireKeys } from './key-ring.ts';

/** The key file in the data folder. */
export const keyFile = (dataFolder: string): string => join(dataFolder, 'master-key');

/**
 * Opens the key ring at the start: the keys that were given (`WRITEBACK_MASTER_KEYS`), else those of the key file, which
 * the very first start makes. Fails at once, and not at the first run, when a key is missing that secrets are sealed with
 * or that another machine of this installation seals with. Throws UserErrors `seal-key-…`.
 */
export async function openKeyRing(db: Db, given: string | undefined, dataFolder: string): Promise<KeyRing> {
  const registered = await registeredKey(db);
  const inUse = [...(await masterKeysInUse(db)), ...(registered ? [registered] : [])];
  const ring =
    given === undefined
      ? await readKeyFile(keyFile(dataFolder), inUse.length === 0)
      : parseKeyRing(given, 'WRITEBACK_MASTER_KEYS');
  requireKeys(ring, [...new Set(inUse)]);
  // Of two machines that start for the first time at once, one is told to take the other's key.
  requireKeys(ring, [await registerKey(db, ring[0].id)]);
  return ring;
}
