import { UserError } from '../../errors.ts';
import type { Db } from '../../store/database.ts';
import { type Writeback, findWriteback } from '../../store/writeback.ts';
import type { Caller } from '../caller.ts';

/**
 * The writeback: everybody may look at it, only its owner or an administrator may change it, because it reads and writes with
 * what its owner may. Throws UserError `writeback-not-found` and `writeback-forbidden`.
 */
export async function reachWriteback(
  db: Db,
  { personId, role }: Caller,
  id: string,
  needed: 'look' | 'change',
): Promise<Writeback> {
  const writeback = await findWriteback(db, id);
  if (!writeback) throw new UserError('writeback-not-found', 'There is no such writeback.');
  if (needed === 'look' || role === 'admin' || writeback.ownerId === personId) return writeback;
  throw new UserError('writeback-forbidden', `Only its owner may change "${writeback.name}".`, {
    remedy: 'Ask the owner, or an administrator, who can give it to you.',
  });
}
