import { defaultChannels } from '../../contract/alerts.ts';
import type { AlertKind } from '../../store/alert.ts';
import type { Definition } from '../definition.ts';
import type { AlertChannel } from './alert-channel.ts';

/** A channel that alerts may be sent to. */
export interface OfferedChannel {
  readonly channel: AlertChannel;
  /** One of the installation's, which are told of every writeback that names none. */
  readonly isDefault: boolean;
}

/** The channels that are told an alert of this kind, by what its writeback says. */
export function chooseChannels(
  kind: AlertKind,
  alerts: Definition['alerts'],
  offered: readonly OfferedChannel[],
): AlertChannel[] {
  const { channels = [defaultChannels], kinds = [kind] } = alerts ?? {};
  if (!kinds.includes(kind)) return [];
  const isChosen = ({ channel, isDefault }: OfferedChannel) =>
    channels.includes(channel.id) || (isDefault && channels.includes(defaultChannels));
  return offered.filter(isChosen).map(({ channel }) => channel);
}
