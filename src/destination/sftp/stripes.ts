import { type EarlyFlush, flushEarly } from './flush-early.ts';
import type { SftpChannel } from './sftp-channel.ts';
import type { SftpSession } from './sftp-session.ts';

/** A channel with the file open on it. */
export interface Lane {
  readonly channel: SftpChannel;
  readonly handle: Buffer;
  /** Bytes sent and not yet acknowledged. */
  underWay: number;
}

/** Bytes per millisecond that a window is made for: more than SFTP reaches on one core. */
const speed = 400_000;

/** Round trips (milliseconds) up to which the window of one channel, 2 MB almost everywhere, is enough. */
const near = 5;

/** sshd allows 10 sessions on a connection unless told otherwise (MaxSessions). */
const mostLanes = 8;

const leastBytes = 4_000_000;
const mostBytes = 20_000_000;

const isFar = (roundTrip: number) => roundTrip > near && roundTrip < Infinity;

/** How many channels a file is written over, so that their windows together hold what the line does. */
export function lanesFor(roundTrip: number, window: number | undefined): number {
  if (window === undefined || !isFar(roundTrip)) return 1;
  return Math.min(mostLanes, Math.ceil((roundTrip * speed) / window));
}

/** Bytes to keep under way on one channel alone: what the line holds, or all that a server with a larger window takes. */
export function bytesUnderWay(roundTrip: number): number {
  return isFar(roundTrip) ? Math.min(mostBytes, Math.max(leastBytes, roundTrip * speed)) : leastBytes;
}

/** The lanes of one file: at first one; more open beside the writing once the file has proved to be large. */
export interface Stripes {
  /** The lane for the next piece, of those that are open: the one with the least under way. */
  pick(position: number): Lane;
  /** Bytes that shall be under way now. */
  underWay(): number;
  /** Closes all handles of the file but the first. Throws when a server tells of a failed write only then. */
  close(): Promise<void>;
}

function alone(first: Lane, roundTrip: number, early: EarlyFlush | undefined): Stripes {
  const bytes = bytesUnderWay(roundTrip);
  return {
    pick(position) {
      early?.reached(position);
      return first;
    },
    underWay: () => bytes,
    close: async () => early?.close(),
  };
}

/**
 * SSH's window is about 2 MB a channel, whatever the line: far away that is the speed, so a large file is striped over several.
 * Near by one lane is enough, and a second channel is better used to put the file on the disk meanwhile.
 */
export function stripe(session: SftpSession, first: Lane, path: string, signal: AbortSignal): Stripes {
  const window = session.sharedWindow ?? 0;
  const roundTrip = Math.min(session.roundTrip, first.channel.roundTrip());
  const count = lanesFor(roundTrip, session.sharedWindow);
  if (count === 1) {
    const early = session.sharedWindow === undefined ? undefined : flushEarly(session, path, signal);
    return alone(first, roundTrip, early);
  }
  const lanes = [first];
  const open = async (number: number) => {
    const channel = (await session.another(number))(signal);
    const handle = await channel.open(path);
    // The frames have room for a handle of the first one's length.
    if (handle.length !== first.handle.length) return channel.close(handle);
    lanes.push({ channel, handle, underWay: 0 });
  };
  let opening: Promise<unknown> | undefined;
  return {
    pick(position) {
      // Fewer lanes are as right as many, so whatever keeps one from opening is no error.
      if (position >= window / 2) {
        opening ??= Promise.allSettled(Array.from({ length: count - 1 }, (_, index) => open(index + 1)));
      }
      return lanes.reduce((best, lane) => (lane.underWay < best.underWay ? lane : best));
    },
    // A quarter more than fits, so that a lane never waits for us; much more would only lie before the first lane.
    underWay: () => lanes.length * window * 1.25,
    async close() {
      await opening;
      await Promise.all(lanes.slice(1).map(({ channel, handle }) => channel.close(handle)));
    },
  };
}
