import { createDispatcher } from '../../egress/http.ts';
import type { Egress } from '../../egress/egress.ts';
import { TemporaryError, UserError, isTold } from '../../errors.ts';

/** What is posted, and whereto. */
export interface JsonPost {
  readonly url: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** For the sentence of an error: the address may be a secret, and is not repeated. */
  readonly receiver: string;
  readonly signal: AbortSignal;
}

/** The address of a receiver. Throws UserError `alert-url` for what is none; http is for machines that are trusted by address. */
export function receiverUrl(url: string, receiver: string): URL {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed && /^https?:$/.test(parsed.protocol)) return parsed;
  throw new UserError('alert-url', `The address of the ${receiver} is not one of https.`, {
    remedy: 'Copy it again from where it was made.',
  });
}

function explain(error: unknown, receiver: string, signal: AbortSignal): unknown {
  signal.throwIfAborted();
  if (isTold(error)) return error;
  return new TemporaryError('alert-not-sent', `The ${receiver} did not answer.`, { cause: error });
}

/** Posts JSON once. A redirect is not followed: what is told is for the receiver alone. Throws UserError `alert-refused` and TemporaryError `alert-not-sent`. */
export async function postJson(egress: Egress, post: JsonPost): Promise<void> {
  const { body, headers, receiver, signal } = post;
  const { origin, pathname, search } = receiverUrl(post.url, receiver);
  const dispatcher = await createDispatcher(egress);
  try {
    const answer = await dispatcher.request({
      origin,
      path: `${pathname}${search}`,
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body,
      signal,
    });
    await answer.body.dump();
    requireTaken(answer.statusCode, receiver);
  } catch (error) {
    throw explain(error, receiver, signal);
  } finally {
    await dispatcher.close();
  }
}

function requireTaken(status: number, receiver: string): void {
  if (status >= 200 && status < 300) return;
  if (status === 429 || status >= 500) {
    throw new TemporaryError('alert-not-sent', `The ${receiver} answered with status ${status}.`);
  }
  throw new UserError('alert-refused', `The ${receiver} refused the alert with status ${status}.`, {
    remedy: 'Check its address and its permissions.',
  });
}
