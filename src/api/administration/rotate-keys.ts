import type { KeyRing } from '../../account/key-ring.ts';
import { rotateKeys } from '../../account/rotate-keys.ts';
import type { Contract } from '../../contract/contract.ts';
import type { Db } from '../../store/database.ts';
import { audited } from '../audited.ts';
import type { Handler } from '../serve.ts';

/**
 * Puts every secret under the first key of this process's ring. The deed is told before: the work is done account by account,
 * and may be done again after a break.
 */
export const rotateKeysHandler =
  (db: Db, keyRing: KeyRing): Handler<Contract['rotateKeys']> =>
  async (_, { caller }) => {
    const [{ id: target }] = keyRing;
    await audited(
      db,
      { actor: caller!.personId, action: 'keys.rotate', target, details: {} },
      async () => {},
    );
    return { resealed: await rotateKeys(db, keyRing) };
  };
