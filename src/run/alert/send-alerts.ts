import { UserError, isTold } from '../../errors.ts';
import type { Log } from '../../log.ts';
import { type DueAlert, changeAlert, takeDueAlerts } from '../../store/alert.ts';
import {
  type ChannelHealth,
  forgetChannelFailures,
  keepChannelFailure,
  listChannelHealth,
} from '../../store/channel-health.ts';
import type { Db } from '../../store/database.ts';
import type { Definition } from '../definition.ts';
import type { AlertChannel } from './alert-channel.ts';
import { type OfferedChannel, chooseChannels } from './choose-channels.ts';

/** What alerts are sent with. */
export interface SendingParts {
  readonly db: Db;
  readonly log: Log;
  /** Asked for when there is something to send. */
  readonly channels: () => Promise<readonly OfferedChannel[]>;
  readonly signal: AbortSignal;
}

const minute = 60_000;
/** Milliseconds after which nobody waits for an alert any more. */
const mostAge = 48 * 60 * minute;
/** Alerts that are taken together. */
const atOnce = 10;
/** Milliseconds that a channel has for one alert. */
const patience = 15_000;
/** Milliseconds between two looks whether a channel may be tried again; longer than `atOnce` alerts take one channel. */
const pause = 5 * minute;

/** Milliseconds that a channel is left in peace after so many failures in a row. */
const restAfter = (failures: number) => Math.min(minute * 2 ** (failures - 1), 60 * minute);

/** An alert on its way, and what has come of it. */
interface Sending {
  readonly alert: DueAlert;
  readonly channels: readonly AlertChannel[];
  readonly sent: Record<string, string>;
  readonly errors: string[];
  /** When the first of the channels that do not have it may be tried again. */
  nextTry: number | undefined;
}

/**
 * Sends the alerts that are due to every channel that their writebacks name and that does not have them. A channel that fails is
 * left in peace for a while that doubles, whatever waits for it; the others go on. Of a process that dies meanwhile, another
 * sends what it had taken.
 */
export async function sendAlerts(parts: SendingParts, now = new Date()): Promise<void> {
  for (let taken = atOnce; taken === atOnce && !parts.signal.aborted;) {
    const due = await take(parts.db, now);
    taken = due.length;
    if (taken > 0) await send(due, parts, now);
  }
}

/** Each is taken until its next try, so that nobody else sends it and no transaction waits for the network. */
async function take(db: Db, now: Date): Promise<DueAlert[]> {
  return db.transaction().execute(async (transaction) => {
    const due = await takeDueAlerts(transaction, now, atOnce);
    const nextTryAt = new Date(now.getTime() + pause);
    for (const { id, tries } of due) await changeAlert(transaction, id, { tries: tries + 1, nextTryAt });
    return due;
  });
}

async function send(due: readonly DueAlert[], parts: SendingParts, now: Date): Promise<void> {
  const [offered, health] = await Promise.all([parts.channels(), listChannelHealth(parts.db)]);
  const sendings = due.map((alert): Sending => {
    const { alerts } = (alert.definition ?? {}) as Partial<Definition>;
    const channels = chooseChannels(alert.kind, alerts, offered).filter(({ id }) => !(id in alert.sent));
    return { alert, channels, sent: { ...alert.sent }, errors: [], nextTry: undefined };
  });
  const told = offered.map(async ({ channel }) => {
    const wanted = sendings.filter(({ channels }) => channels.includes(channel));
    await tell(channel, wanted, health.get(channel.id), parts, now);
  });
  await Promise.all(told);
  for (const sending of sendings) await settle(sending, parts, now);
}

/** How a channel fares in a round. */
interface Fare {
  readonly channel: AlertChannel;
  /** In a row, those of earlier rounds among them. */
  failures: number;
  /** Milliseconds since 1970 until which nothing is sent to it. */
  rests: number;
  /** The last alert was refused, the one before was not: the alert may be at fault and not the channel. */
  isDoubted: boolean;
}

/** One after the other, so that "works again" does not come before "failed"; none while the channel rests. */
async function tell(
  channel: AlertChannel,
  wanted: readonly Sending[],
  health: ChannelHealth | undefined,
  parts: SendingParts,
  now: Date,
): Promise<void> {
  const { failures = 0, restsUntil } = health ?? {};
  const fare: Fare = { channel, failures, rests: restsUntil?.getTime() ?? 0, isDoubted: false };
  for (const sending of wanted) {
    const rested = fare.rests <= now.getTime() || fare.isDoubted;
    if (rested && (await tellOne(sending, fare, parts, now))) continue;
    sending.nextTry = Math.min(fare.rests, sending.nextTry ?? Infinity);
  }
}

/** True when the channel has the alert. */
async function tellOne({ alert, sent, errors }: Sending, fare: Fare, parts: SendingParts, now: Date) {
  const { channel } = fare;
  const { id, kind, message, createdAt: at, writebackId, runId } = alert;
  const told = { id: `alert-${id}`, kind, message, at, writebackId, runId: runId ?? undefined };
  try {
    const unreached = await channel.send(
      told,
      AbortSignal.any([parts.signal, AbortSignal.timeout(patience)]),
    );
    sent[channel.id] = now.toISOString();
    if (unreached !== undefined) errors.push(`${channel.id}: ${unreached}`);
    if (fare.failures > 0) await forgetChannelFailures(parts.db, channel.id);
    Object.assign(fare, { failures: 0, rests: 0, isDoubted: false });
    return true;
  } catch (error) {
    // That this process ends is no failure of the channel's.
    if (parts.signal.aborted) fare.rests = now.getTime() + minute;
    else errors.push(`${channel.id}: ${await keepFailure(error, fare, parts, now)}`);
    return false;
  }
}

/** Lets the channel rest; gives what it failed for. */
async function keepFailure(
  error: unknown,
  fare: Fare,
  { db, log }: SendingParts,
  now: Date,
): Promise<string> {
  const channelId = fare.channel.id;
  const failures = fare.failures + 1;
  const restsUntil = new Date(now.getTime() + restAfter(failures));
  const lastError = isTold(error) ? error.message : 'The channel did not answer.';
  const isDoubted = error instanceof UserError && !fare.isDoubted;
  Object.assign(fare, { failures, rests: restsUntil.getTime(), isDoubted });
  log.warn('An alert was not sent.', { channel: channelId, restsUntil, error: String(error) });
  await keepChannelFailure(db, { channelId, failures, restsUntil, lastError });
  return lastError;
}

async function settle({ alert, sent, errors, nextTry }: Sending, { db }: SendingParts, now: Date) {
  const isOver = nextTry === undefined || now.getTime() - alert.createdAt.getTime() > mostAge;
  // A channel that is mended meanwhile is not waited for as long as one that is not.
  const nextTryAt = isOver ? null : new Date(Math.min(nextTry, now.getTime() + pause));
  const lastError = errors.length > 0 ? errors.join('\n') : isOver ? null : alert.lastError;
  await changeAlert(db, alert.id, { sent: JSON.stringify(sent), lastError, nextTryAt });
}
