import { createHash } from 'node:crypto';
import type { Egress } from '../../egress/egress.ts';
import type { AlertChannel } from './alert-channel.ts';
import { escapeMarkup } from './escape-markup.ts';
import { postJson, receiverUrl } from './post-json.ts';

/** A channel that posts to an incoming webhook of Slack's; whoever has its address may post, so it is a secret. Throws UserError `alert-url`. */
export function createSlack(url: string, egress: Egress): AlertChannel {
  receiverUrl(url, 'Slack webhook');
  return {
    id: `slack-${createHash('sha256').update(url).digest('hex').slice(0, 12)}`,
    async send({ message }, signal) {
      const body = JSON.stringify({ text: escapeMarkup(message) });
      await postJson(egress, { url, body, receiver: 'Slack webhook', signal });
    },
  };
}
