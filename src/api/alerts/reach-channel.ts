import { UserError } from '../../errors.ts';
import { type SavedChannel, findAlertChannel } from '../../store/alert-channel.ts';
import type { Db } from '../../store/database.ts';
import type { Caller } from '../caller.ts';

/**
 * The channel: everybody may have it told, only whoever made it or an administrator may change it. Throws UserError
 * `alert-channel-not-found` and `alert-channel-forbidden`.
 */
export async function reachChannel(
  db: Db,
  { personId, role }: Caller,
  id: string,
  needed: 'look' | 'change',
): Promise<SavedChannel> {
  const channel = await findAlertChannel(db, id);
  if (!channel) throw new UserError('alert-channel-not-found', 'There is no such alert channel.');
  if (needed === 'look' || role === 'admin' || channel.ownerId === personId) return channel;
  throw new UserError('alert-channel-forbidden', `Only its owner may change "${channel.name}".`, {
    remedy: 'Ask the owner, or an administrator.',
  });
}

/** What is told of everything is an administrator's to decide. Throws UserError `alert-channel-forbidden`. */
export function requireAdminForDefault({ role }: Caller, isDefault: boolean | undefined): void {
  if (isDefault === undefined || role === 'admin') return;
  throw new UserError('alert-channel-forbidden', 'Only an administrator chooses the default channels.', {
    field: 'isDefault',
  });
}
