import { type CliContext, type Command, exitCodes } from '../cli/command.ts';
import { exitCodeOf } from '../cli/exit-code.ts';
import { showError } from '../cli/show-error.ts';
import { type Tell, createTell } from '../cli/tell.ts';
import { egressRules } from '../config.ts';
import { addressPolicy } from '../egress/address-policy.ts';
import { createEgress } from '../egress/egress.ts';
import { UserError } from '../errors.ts';
import { type AlertChannel, testMessage } from '../run/alert/alert-channel.ts';
import { alertChannels } from './alert-channels.ts';

/** Sends a test and tells what came of it; answers with its exit code, so that one that fails does not hide the next. */
async function tryChannel(channel: AlertChannel, tell: Tell, context: CliContext): Promise<number> {
  const { id } = channel;
  try {
    const unreached = (await channel.send(testMessage(), context.signal)) ?? undefined;
    tell('sent', { channel: id, unreached }, () => [`${id}: sent`, ...(unreached ? [unreached] : [])]);
    return exitCodes.done;
  } catch (error) {
    context.signal.throwIfAborted();
    showError(error, context, `${id}: `);
    return exitCodeOf(error, false);
  }
}

/** `writeback test-alerts`. */
export const testAlertsCommand: Command = {
  name: 'test-alerts',
  summary: 'Send a test alert to every place that the environment of this machine names.',
  usage: '',
  minimum: 0,
  maximum: 0,
  options: {},
  async run(typed, context) {
    const channels = alertChannels(createEgress(addressPolicy(egressRules())), context.log);
    if (channels.length === 0)
      throw new UserError('alert-nowhere', 'No place for alerts is named.', {
        remedy:
          'Set WRITEBACK_ALERT_SMTP, WRITEBACK_ALERT_WEBHOOK or WRITEBACK_ALERT_SLACK; see writeback start --help.',
      });
    const tell = createTell(typed, context);
    const codes: number[] = [];
    for (const channel of channels) codes.push(await tryChannel(channel, tell, context));
    return codes.find((code) => code !== exitCodes.done) ?? exitCodes.done;
  },
};
