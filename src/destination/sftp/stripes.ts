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

const leastBytes = 4_000_000;
const mostBytes = 20_000_000;

/** Round trips (milliseconds) up to which one channel's window of 2 MB is enough. */
const near = 5;

/** sshd allows 10 sessions on a connection unless told otherwise (MaxSessions). */
const mostLanes = 8;

/** Bytes to keep under way: what the line holds at full speed and a little more, between 4 and 20 MB. */
export function bytesUnderWay(roundTrip: number): number {
  const far = roundTrip > near ? roundTrip * speed * 1.25 : 0;
  return Math.min(mostBytes, Math.max(leastBytes, far));
}

/** How many channels a file is written over, so that their windows together hold what the line does. */
export function lanesFor(roundTrip: number, window: number | undefined): number {
  if (window === undefined || !(roundTrip > near && roundTrip < Infinity)) return 1;
  return Math.min(mostLanes, Math.ceil((roundTrip * speed) / window));
}

/** The lanes of one file: at first one; more open beside the writing once the file has proved to be large. */
export interface Stripes {
  /** The lane for the next piece, of those that are open: the one with the least under way. */
  pick(position: number): Lane;
  /** Closes the files on all lanes but the first. Throws when a server tells of a failed write only then. */
  close(): Promise<void>;
}

/** SSH's window is 2 MB a channel, whatever the server: far away that is the speed, so a large file is striped over several. */
export function stripe(session: SftpSession, first: Lane, path: string, signal: AbortSignal): Stripes {
  const window = session.sharedWindow;
  const count = lanesFor(first.channel.roundTrip(), window);
  const lanes = [first];
  let opening: Promise<unknown> | undefined;
  const open = async (number: number) => {
    const channel = (await session.another(number))(signal);
    const handle = await channel.open(path);
    // The frames have room for a handle of the first one's length.
    if (handle.length !== first.handle.length) return channel.close(handle);
    lanes.push({ channel, handle, underWay: 0 });
  };
  return {
    pick(position) {
      // Fewer lanes are as right as many, so whatever keeps one from opening is no error.
      if (count > 1 && position >= (window ?? 0)) {
        opening ??= Promise.allSettled(Array.from({ length: count - 1 }, (_, index) => open(index + 1)));
      }
      return lanes.reduce((best, lane) => (lane.underWay < best.underWay ? lane : best));
    },
    async close() {
      await opening;
      for (const { channel, handle } of lanes.slice(1)) await channel.close(handle);
    },
  };
}
