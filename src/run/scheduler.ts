import { insertNoUpdateAlerts } from '../store/alert.ts';
import type { AlertChannel } from './alert/alert-channel.ts';
import { savedChannels } from './alert/saved-channels.ts';
import { sendAlerts } from './alert/send-alerts.ts';
import { fireDue } from './fire-due.ts';
import { type LookParts, lookForChange } from './look-for-change.ts';
import { publishDue } from './publish/publish-due.ts';
import { removeOld } from './remove-old.ts';
import { repeat } from './repeat.ts';

/** What the scheduler works with. */
export interface SchedulerParts extends LookParts {
  /** Where alerts are sent beside the channels that people have saved. */
  readonly channels: readonly AlertChannel[];
  /** Days for which finished runs are kept. */
  readonly daysKept: number;
}

export interface Scheduler {
  /** Begins nothing more, and waits for what it has begun. */
  stop(): Promise<void>;
}

const second = 1000;
/** Milliseconds between two rounds of each duty. A schedule fires within a second of its time, when the database is not busy. */
const pauses = {
  fire: second,
  alerts: 2 * second,
  outputs: 2 * second,
  noUpdate: 60 * second,
  removal: 3600 * second,
};
/** DataSets that are looked at together. */
const looksAtOnce = 4;

/** Fires until nothing is due, and gives what is to be looked at. */
async function fire({ db, engine, log }: SchedulerParts, signal: AbortSignal): Promise<string[]> {
  const looks: string[] = [];
  for (let more = true; more && !signal.aborted;) {
    const fired = await fireDue(db, engine, log);
    looks.push(...fired.looks);
    ({ more } = fired);
  }
  return looks;
}

/** Looks at DataSets beside the firing, which must not wait for a slow source. */
function createLooker(parts: SchedulerParts, signal: AbortSignal) {
  const waiting: string[] = [];
  const active = new Set<Promise<void>>();
  const look = async () => {
    for (let id = waiting.shift(); id !== undefined && !signal.aborted; id = waiting.shift()) {
      await lookForChange(id, parts, signal).catch((error: unknown) => {
        if (!signal.aborted)
          parts.log.warn('A DataSet was not looked at.', { writeback: id, error: String(error) });
      });
    }
  };
  return {
    add(ids: readonly string[]): void {
      waiting.push(...ids);
      for (let free = Math.min(looksAtOnce - active.size, waiting.length); free > 0; free -= 1) {
        const looking = look().finally(() => active.delete(looking));
        active.add(looking);
      }
    },
    ended: () => Promise.all(active),
  };
}

/**
 * The role *scheduler*: starts runs at their times and when DataSets have changed, tells people what there is to tell, and removes
 * what is old. Any number of processes may do it at once; each thing is done once.
 */
export function startScheduler(parts: SchedulerParts): Scheduler {
  const { db, log, channels, daysKept } = parts;
  const ofEnvironment = channels.map((channel) => ({ channel, isDefault: true }));
  const offered = async () => [...ofEnvironment, ...(await savedChannels(parts))];
  const stopped = new AbortController();
  const { signal } = stopped;
  const looker = createLooker(parts, signal);
  const duty = (name: string, pause: number, work: () => Promise<unknown>) =>
    repeat(
      pause,
      signal,
      (error) => log.warn('The scheduler met an error.', { duty: name, error: String(error) }),
      work,
    );
  const duties = [
    duty('schedules', pauses.fire, async () => looker.add(await fire(parts, signal))),
    duty('alerts', pauses.alerts, () => sendAlerts({ db, log, channels: offered, signal })),
    duty('outputs', pauses.outputs, () => publishDue(parts, signal)),
    duty('updates', pauses.noUpdate, () => insertNoUpdateAlerts(db, new Date())),
    duty('removal', pauses.removal, () => removeOld(db, daysKept)),
  ];
  return {
    async stop() {
      stopped.abort(new Error('The scheduler stops.'));
      await Promise.all(duties);
      await looker.ended();
    },
  };
}
