import { type Command, exitCodes } from '../cli/command.ts';
import { createTell } from '../cli/tell.ts';
import { egressRules } from '../config.ts';
import { addressPolicy } from '../egress/address-policy.ts';
import { createEgress } from '../egress/egress.ts';
import { UserError } from '../errors.ts';
import { testMessage } from '../run/alert/alert-channel.ts';
import { alertChannels } from './alert-channels.ts';

/** `writeback test-alerts`. */
export const testAlertsCommand: Command = {
  name: 'test-alerts',
  summary: 'Send a test alert to every place that the environment of this machine names.',
  usage: '',
  minimum: 0,
  maximum: 0,
  options: {},
  async run(typed, context) {
    const { log, signal } = context;
    const channels = alertChannels(createEgress(addressPolicy(egressRules())), log);
    if (channels.length === 0)
      throw new UserError('alert-nowhere', 'No place for alerts is named.', {
        remedy:
          'Set WRITEBACK_ALERT_SMTP, WRITEBACK_ALERT_WEBHOOK or WRITEBACK_ALERT_SLACK; see writeback start --help.',
      });
    const tell = createTell(typed, context);
    for (const channel of channels) {
      const unreached = (await channel.send(testMessage(), signal)) ?? undefined;
      tell('sent', { channel: channel.id, unreached }, () => [
        `${channel.id}: sent`,
        ...(unreached ? [unreached] : []),
      ]);
    }
    return exitCodes.done;
  },
};
