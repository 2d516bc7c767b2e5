import { createHash, createHmac } from 'node:crypto';
import type { Egress } from '../../egress/egress.ts';
import type { AlertChannel, AlertMessage } from './alert-channel.ts';
import { postJson, receiverUrl } from './post-json.ts';

/** A webhook of somebody's: where it is, and the secret that both sides know. */
export interface WebhookPlace {
  readonly url: string;
  readonly secret: string;
}

/** The body; its keys are what receivers read. */
function bodyOf({ id, kind, message, at, writebackId, runId }: AlertMessage): string {
  return JSON.stringify({
    id,
    type: `writeback.${kind}`,
    timestamp: at.toISOString(),
    data: { message, writebackId, runId },
  });
}

/** Signs as https://www.standardwebhooks.com does: base64 of HMAC-SHA256 over id, seconds and body, joined by dots. */
export function signWebhook(secret: string, id: string, seconds: number, body: string): string {
  const hash = createHmac('sha256', secret).update(`${id}.${seconds}.${body}`).digest('base64');
  return `v1,${hash}`;
}

/** A channel that posts JSON, signed, so that a receiver knows that it comes from here and is not a repetition of old. Throws UserError `alert-url`. */
export function createWebhook({ url, secret }: WebhookPlace, egress: Egress): AlertChannel {
  receiverUrl(url, 'webhook');
  return {
    id: `webhook-${createHash('sha256').update(url).digest('hex').slice(0, 12)}`,
    async send(message, signal) {
      const body = bodyOf(message);
      const seconds = Math.floor(Date.now() / 1000);
      const headers = {
        'webhook-id': message.id,
        'webhook-timestamp': String(seconds),
        'webhook-signature': signWebhook(secret, message.id, seconds, body),
      };
      await postJson(egress, { url, body, headers, receiver: 'webhook', signal });
    },
  };
}
