import type { KeyRing } from '../../account/key-ring.ts';
import { openSecrets } from '../../account/seal.ts';
import type { Egress } from '../../egress/egress.ts';
import type { Log } from '../../log.ts';
import { type SavedChannel, listAlertChannels } from '../../store/alert-channel.ts';
import type { Db } from '../../store/database.ts';
import type { AlertChannel } from './alert-channel.ts';
import { openChannel } from './channel-kinds.ts';
import type { OfferedChannel } from './choose-channels.ts';

/** What saved channels are opened with. */
export interface ChannelParts {
  readonly db: Db;
  readonly keyRing: KeyRing;
  readonly egress: Egress;
  readonly log: Log;
}

/** A saved channel with its secrets, which the log hides from now on. Throws UserErrors `seal-…`, `field-…`, `alert-url`. */
export function openSavedChannel(
  channel: SavedChannel,
  { keyRing, egress, log }: Omit<ChannelParts, 'db'>,
): AlertChannel {
  const secrets = openSecrets(keyRing, channel.id, channel.secrets);
  for (const secret of Object.values(secrets)) log.hide(secret);
  return openChannel(channel, { ...channel.credentials, ...secrets }, egress);
}

/** One that cannot be opened fails whenever something is sent, so that it is told like every other trouble. */
function opened(channel: SavedChannel, parts: ChannelParts): AlertChannel {
  try {
    return openSavedChannel(channel, parts);
  } catch (error) {
    return { id: channel.id, send: async () => Promise.reject(error) };
  }
}

/** All channels that people have saved. */
export async function savedChannels(parts: ChannelParts): Promise<OfferedChannel[]> {
  const saved = await listAlertChannels(parts.db);
  return saved.map((one) => ({ channel: opened(one, parts), isDefault: one.isDefault }));
}
