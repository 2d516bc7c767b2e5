import { type AlertPlaces, alertPlaces } from '../config.ts';
import type { Egress } from '../egress/egress.ts';
import type { Log } from '../log.ts';
import type { AlertChannel } from '../run/alert/alert-channel.ts';
import { type EmailPlace, createEmail } from '../run/alert/email.ts';
import { createSlack } from '../run/alert/slack.ts';
import { readSmtpUrl } from '../run/alert/smtp-url.ts';
import { createWebhook } from '../run/alert/webhook.ts';

function emailPlace({ url, ...people }: NonNullable<AlertPlaces['email']>): EmailPlace {
  return { ...readSmtpUrl(url), ...people };
}

/** The channels that the environment names. Throws UserErrors `config-…` and `alert-url`. */
export function alertChannels(egress: Egress, log: Log): AlertChannel[] {
  const { webhook, slack, email } = alertPlaces();
  const mail = email && emailPlace(email);
  for (const secret of [webhook?.secret, slack, mail?.password, email?.url])
    if (secret !== undefined) log.hide(secret);
  return [
    ...(webhook ? [createWebhook(webhook, egress)] : []),
    ...(slack === undefined ? [] : [createSlack(slack, egress)]),
    ...(mail ? [createEmail(mail, egress)] : []),
  ];
}
