import { defaultChannels } from '../../contract/alerts.ts';
import { UserError } from '../../errors.ts';
import type { Definition } from '../../run/definition.ts';
import { listAlertChannels } from '../../store/alert-channel.ts';
import type { Db } from '../../store/database.ts';

/** Throws UserError `alert-channel-unknown` when the definition names a channel that is not there. */
export async function requireChannels(db: Db, { alerts }: Definition): Promise<void> {
  const named = (alerts?.channels ?? []).filter((id) => id !== defaultChannels);
  if (named.length === 0) return;
  const there = new Set((await listAlertChannels(db)).map(({ id }) => id));
  const missing = named.find((id) => !there.has(id));
  if (missing === undefined) return;
  throw new UserError('alert-channel-unknown', `There is no alert channel ${missing}.`, {
    field: 'alerts.channels',
    remedy: `Choose one of those there are, or "${defaultChannels}".`,
  });
}
