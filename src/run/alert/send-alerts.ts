import { type Alert, changeAlert, takeDueAlerts } from '../../store/alert.ts';
import type { Db } from '../../store/database.ts';
import type { Log } from '../../log.ts';
import type { AlertChannel } from './alert-channel.ts';

/** What alerts are sent with. */
export interface SendingParts {
  readonly db: Db;
  readonly log: Log;
  readonly channels: readonly AlertChannel[];
  readonly signal: AbortSignal;
}

const minute = 60_000;
/** After so many tries, over about two days, nobody waits for it any more. */
const mostTries = 12;
/** Alerts that are taken together. */
const atOnce = 10;
/** Milliseconds that a channel has for one alert. */
const patience = 15_000;

const waitAfter = (tries: number) => Math.min(minute * 2 ** tries, 6 * 60 * minute);

/**
 * Sends the alerts that are due to every channel that does not have them. What fails is tried again after a while that doubles;
 * channels that have it are left in peace. Of a process that dies meanwhile, another sends it later.
 */
export async function sendAlerts(parts: SendingParts, now = new Date()): Promise<void> {
  if (parts.channels.length === 0) return;
  for (let taken = atOnce; taken === atOnce && !parts.signal.aborted;) {
    const due = await take(parts.db, now);
    for (const alert of due) await send(alert, parts, now);
    taken = due.length;
  }
}

/** Each is taken until its next try, so that nobody else sends it and no transaction waits for the network. */
async function take(db: Db, now: Date): Promise<Alert[]> {
  return db.transaction().execute(async (transaction) => {
    const due = await takeDueAlerts(transaction, now, atOnce);
    for (const { id, tries } of due) {
      const nextTryAt = new Date(now.getTime() + waitAfter(tries));
      await changeAlert(transaction, id, { tries: tries + 1, nextTryAt });
    }
    return due;
  });
}

async function send(alert: Alert, { db, log, channels, signal: stopped }: SendingParts, now: Date) {
  const { id, kind, message, createdAt: at, writebackId, runId } = alert;
  const told = { id: `alert-${id}`, kind, message, at, writebackId, runId: runId ?? undefined };
  const sent: Record<string, string> = { ...alert.sent };
  const open = channels.filter((channel) => sent[channel.id] === undefined);
  const signal = AbortSignal.any([stopped, AbortSignal.timeout(patience)]);
  const results = await Promise.allSettled(open.map(async (channel) => channel.send(told, signal)));
  const errors: string[] = [];
  for (const [index, result] of results.entries()) {
    if (result.status === 'fulfilled') sent[open[index]!.id] = now.toISOString();
    else errors.push(`${open[index]!.id}: ${String(result.reason)}`);
  }
  if (errors.length > 0) log.warn('An alert was not sent.', { alert: id, errors });
  const isOver = errors.length === 0 || alert.tries + 1 >= mostTries;
  await changeAlert(db, id, {
    sent: JSON.stringify(sent),
    lastError: errors.join('\n') || null,
    ...(isOver && { nextTryAt: null }),
  });
}
