import { createHash } from 'node:crypto';
import type { Egress } from '../../egress/egress.ts';
import type { AlertChannel } from './alert-channel.ts';
import { postJson, receiverUrl } from './post-json.ts';

/** Slack reads these three as markup (https://docs.slack.dev/messaging/formatting-message-text). */
const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/** A channel that posts to an incoming webhook of Slack's; whoever has its address may post, so it is a secret. Throws UserError `alert-url`. */
export function createSlack(url: string, egress: Egress): AlertChannel {
  receiverUrl(url, 'Slack webhook');
  return {
    id: `slack-${createHash('sha256').update(url).digest('hex').slice(0, 12)}`,
    async send({ message }, signal) {
      const text = message.replaceAll(/[&<>]/g, (character) => escapes[character]!);
      await postJson(egress, { url, body: JSON.stringify({ text }), receiver: 'Slack webhook', signal });
    },
  };
}
