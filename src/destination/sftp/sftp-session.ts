import { type DirectMaker, directWritesOver } from './direct-writes.ts';
import { type Opened, type OpenedChannel, type Ssh, openSftp } from './open-channel.ts';
import { type SftpChannel, createChannel } from './sftp-channel.ts';
import { protocolOf } from './ssh2-internals.ts';

/** Operations that end with `signal` or with the connection. */
export type ChannelMaker = (signal: AbortSignal) => SftpChannel;

/** A signed-in session with an open SFTP channel. Lent by `withSession`. */
export interface SftpSession {
  readonly channel: ChannelMaker;
  /** One more SFTP channel of the connection, the same one for the same number. Throws when the server allows no more. */
  another(number: number): Promise<ChannelMaker>;
  /** Bytes of one write that this server takes in one packet, for a handle of this length. */
  writeSize(handleLength: number): number;
  /**
   * Bytes that may be under way on one channel of a server where a file may be open several times at once, each handle
   * writing its own pieces: OpenSSH's, where files are files. Undefined elsewhere: in front of an object store the last
   * handle to be closed would win.
   */
  readonly sharedWindow: number | undefined;
  /** True of OpenSSH: a request sees what those before it did, so that they can be sent together. */
  readonly answersInOrder: boolean;
  /** Milliseconds of a round trip as signing in has shown it; Infinity when it has not. */
  readonly roundTrip: number;
  /** False when ssh2's public functions do the writing. */
  readonly direct: boolean;
  /** Aborted, with a told error, once the connection is gone. */
  readonly ended: AbortSignal;
}

/**
 * 7 packets of 32,768 bytes less the frame of a write (25 bytes and the handle) is the fastest on OpenSSH, measured;
 * other servers take what ssh2 knows of them (`limits@openssh.com`). asyncssh announces 4 MiB, which nothing gains from.
 */
function writeSize(sftp: Opened, handleLength: number): number {
  const best = 7 * 32_768 - (25 + handleLength);
  return Math.min(best, sftp._maxWriteLen ?? 31_952);
}

function channelMaker(
  { sftp, gone }: OpenedChannel,
  ended: AbortSignal,
  makeDirect: DirectMaker | undefined,
): ChannelMaker {
  const direct = makeDirect?.(sftp);
  return (signal) => createChannel(sftp, AbortSignal.any([signal, ended, gone]), direct);
}

/** How a session is opened. */
export interface SessionOptions {
  /** Past ssh2's public functions, where its inside is known. */
  readonly direct: boolean;
  /** Milliseconds, as far as they are known: Infinity if not. */
  readonly roundTrip: number;
}

/** Opens SFTP on a signed-in connection. Throws what `openSftp` throws; the operations of the session throw what comes later. */
export async function openSession(ssh: Ssh, { direct, roundTrip }: SessionOptions): Promise<SftpSession> {
  const makeDirect = direct ? directWritesOver(ssh.client, ssh.socket) : undefined;
  const protocol = direct ? protocolOf(ssh.client) : undefined;
  const { signal: ended } = ssh.ended;
  const first = await openSftp(ssh, protocol);
  first.gone.addEventListener('abort', () => ssh.ended.abort(first.gone.reason), { once: true });
  const others = new Map<number, Promise<ChannelMaker>>();
  const open = async () => channelMaker(await openSftp(ssh, protocol), ended, makeDirect);
  const { sftp } = first;
  return {
    channel: channelMaker(first, ended, makeDirect),
    another(number) {
      const found = others.get(number) ?? open();
      others.set(number, found);
      return found;
    },
    writeSize: (handleLength) => writeSize(sftp, handleLength),
    sharedWindow: sftp._isOpenSSH ? sftp.outgoing?.window || undefined : undefined,
    answersInOrder: sftp._isOpenSSH === true,
    roundTrip,
    direct: makeDirect !== undefined,
    ended,
  };
}
