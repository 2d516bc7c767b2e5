import { once } from 'node:events';
import type { FastifyReply } from 'fastify';

const heartbeat = ': still here\n\n';
/** Proxies close what is silent for a minute. */
const heartbeatMilliseconds = 15_000;

/**
 * Answers with server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html): an event for each item, with
 * its `id` for `Last-Event-ID`. Waits while the reader is slow. Ends when the items end or the reader leaves. A browser comes
 * again after each end, unless it is answered 204: so is an answer whose status is that already.
 */
export async function sendLines(
  reply: FastifyReply,
  items: AsyncIterable<{ readonly id?: number }>,
  clean: (item: unknown) => unknown,
): Promise<void> {
  if (reply.statusCode === 204) return void reply.send();
  reply.hijack();
  const { raw } = reply;
  raw.writeHead(200, {
    ...(reply.getHeaders() as Record<string, string>),
    'content-type': 'text/event-stream',
    // nginx keeps what it proxies back until there is more of it, unless it is told not to.
    'x-accel-buffering': 'no',
  });
  const timer = setInterval(() => raw.write(heartbeat), heartbeatMilliseconds);
  try {
    for await (const item of items) {
      if (raw.destroyed) return;
      const id = item.id === undefined ? '' : `id: ${item.id}\n`;
      if (!raw.write(`${id}data: ${JSON.stringify(clean(item))}\n\n`))
        await Promise.race([once(raw, 'drain'), once(raw, 'close')]);
    }
  } finally {
    clearInterval(timer);
    raw.end();
  }
}
