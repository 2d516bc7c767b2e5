import { alertPlaces } from '../config.ts';
import type { Egress } from '../egress/egress.ts';
import type { Log } from '../log.ts';
import type { AlertChannel } from '../run/alert/alert-channel.ts';
import { createSlack } from '../run/alert/slack.ts';
import { createWebhook } from '../run/alert/webhook.ts';

/** The channels that the environment names. Throws UserErrors `config-alert` and `alert-url`. */
export function alertChannels(egress: Egress, log: Log): AlertChannel[] {
  const { webhook, slack } = alertPlaces();
  for (const secret of [webhook?.secret, slack]) if (secret !== undefined) log.hide(secret);
  return [
    ...(webhook ? [createWebhook(webhook, egress)] : []),
    ...(slack === undefined ? [] : [createSlack(slack, egress)]),
  ];
}
