import type { ConnectionOptions } from 'node:tls';
import type { Egress } from '../../egress/egress.ts';
import { checkValues } from '../../field/check.ts';
import { type Fields, type Values, fields } from '../../field/field.ts';
import type { SavedChannel } from '../../store/alert-channel.ts';
import type { AlertChannel } from './alert-channel.ts';
import { createEmail } from './email.ts';
import { createSlack } from './slack.ts';
import { createWebhook } from './webhook.ts';

type Kind = SavedChannel['kind'];

const emailFields = fields({
  mailServer: {
    type: 'text',
    label: 'Mail Server',
    help: 'The host name of the server that takes mail for delivery (SMTP).',
    required: true,
    example: 'smtp.example.com',
    place: true,
  },
  port: {
    type: 'number',
    label: 'Port',
    help: 'Mostly 587, or 465 for TLS from the first byte.',
    minimum: 1,
    maximum: 65_535,
    default: 587,
  },
  encryption: {
    type: 'choice',
    label: 'Encryption',
    help: 'STARTTLS is required, never only hoped for. Without encryption everybody on the way reads the password.',
    choices: { startTls: 'STARTTLS', tls: 'TLS', none: 'None' },
    default: 'startTls',
    place: true,
  },
  username: { type: 'text', label: 'Username', help: 'Left out where the server asks for no login.' },
  password: { type: 'secret', label: 'Password', help: 'Many providers want one for each application.' },
  from: {
    type: 'text',
    label: 'From',
    help: 'The sender.',
    required: true,
    example: 'Writeback <writeback@example.com>',
  },
  to: { type: 'text', label: 'To', help: 'E-mail addresses, one a line.', required: true, list: true },
});

const slackFields = fields({
  webhookUrl: {
    type: 'secret',
    label: 'Webhook URL',
    help: 'The address of an incoming webhook of Slack’s. Whoever has it may post.',
    required: true,
  },
});

const webhookFields = fields({
  url: { type: 'secret', label: 'URL', help: 'Where alerts are posted to, as JSON.', required: true },
  signingSecret: {
    type: 'secret',
    label: 'Signing Secret',
    help: 'A long random text that the receiver knows too; alerts are signed with it (Standard Webhooks).',
    required: true,
  },
});

/** Kinds of channels that people save, and the fields of each. */
export const channelKinds: Readonly<Record<Kind, { readonly name: string; readonly fields: Fields }>> = {
  email: { name: 'E-mail', fields: emailFields },
  slack: { name: 'Slack', fields: slackFields },
  webhook: { name: 'Webhook', fields: webhookFields },
};

function openEmail(
  values: Values<typeof emailFields>,
  egress: Egress,
  tls?: ConnectionOptions,
): AlertChannel {
  const { mailServer: host, port, encryption, username, password, from, to } = values;
  const people = { from, to: to.split('\n') };
  return createEmail({ host, port, security: encryption, username, password, ...people }, egress, tls);
}

function opened(
  kind: Kind,
  values: Readonly<Record<string, unknown>>,
  egress: Egress,
  tls?: ConnectionOptions,
) {
  const checked = checkValues(channelKinds[kind].fields, values, 'credentials');
  if (kind === 'email') return openEmail(checked as Values<typeof emailFields>, egress, tls);
  if (kind === 'slack') return createSlack((checked as Values<typeof slackFields>).webhookUrl, egress);
  const { url, signingSecret: secret } = checked as Values<typeof webhookFields>;
  return createWebhook({ url, secret }, egress);
}

/** The channel of a kind with these values, secrets included. Throws UserErrors `field-…` and `alert-url`. */
export function openChannel(
  { id, kind }: Pick<SavedChannel, 'id' | 'kind'>,
  values: Readonly<Record<string, unknown>>,
  egress: Egress,
  tls?: ConnectionOptions,
): AlertChannel {
  return { ...opened(kind, values, egress, tls), id };
}
