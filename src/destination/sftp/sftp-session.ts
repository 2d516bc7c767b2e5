import type { Socket } from 'node:net';
import type { Client, SFTPWrapper } from 'ssh2';
import { isTold } from '../../errors.ts';
import { type DirectMaker, directWritesOver } from './direct-writes.ts';
import { connectionLost, explainConnection } from './explain.ts';
import { type SftpChannel, createChannel, settle } from './sftp-channel.ts';

/** Milliseconds until key exchange and sign-in must be done; a wrong keyboard-interactive answer alone costs two seconds. */
export const handshakeLimit = 30_000;

/** A connection over a socket of ours; `ended` is aborted, with a told error, when it is gone. */
export interface Ssh {
  readonly client: Client;
  readonly socket: Socket;
  readonly ended: AbortController;
  /** `host:port`, for sentences. */
  readonly server: string;
}

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
  /** False when ssh2's public functions do the writing. */
  readonly direct: boolean;
  /** Aborted, with a told error, once the connection is gone. */
  readonly ended: AbortSignal;
}

/** What ssh2 knows of the server; it has no public name, and may be missing. */
type Opened = SFTPWrapper & {
  readonly _maxWriteLen?: number;
  readonly _isOpenSSH?: boolean;
  readonly outgoing?: { readonly window: number };
};

/**
 * 7 packets of 32,768 bytes less the frame of a write (25 bytes and the handle) is the fastest on OpenSSH, measured;
 * other servers take what ssh2 knows of them (`limits@openssh.com`). asyncssh announces 4 MiB, which nothing gains from.
 */
function writeSize(sftp: Opened, handleLength: number): number {
  const best = 7 * 32_768 - (25 + handleLength);
  return Math.min(best, sftp._maxWriteLen ?? 31_952);
}

async function openSftp({ client, ended, server }: Ssh): Promise<Opened> {
  try {
    const sftp = await settle<SFTPWrapper>(ended.signal, handshakeLimit, (done) => client.sftp(done));
    sftp.on('error', (error: Error) => ended.abort(explainConnection(error, server)));
    sftp.on('close', () => ended.abort(connectionLost(server, undefined)));
    return sftp;
  } catch (error) {
    throw isTold(error) ? error : explainConnection(error, server);
  }
}

function channelMaker(sftp: Opened, ended: AbortSignal, makeDirect: DirectMaker | undefined): ChannelMaker {
  const direct = makeDirect?.(sftp);
  return (signal) => createChannel(sftp, AbortSignal.any([signal, ended]), direct);
}

/** Opens SFTP on a signed-in connection. Throws told errors: `sftp-not-offered`, `sftp-noisy-shell` and the like. */
export async function openSession(ssh: Ssh, wantsDirect: boolean): Promise<SftpSession> {
  const makeDirect = wantsDirect ? directWritesOver(ssh.client, ssh.socket) : undefined;
  const { signal: ended } = ssh.ended;
  const sftp = await openSftp(ssh);
  const others = new Map<number, Promise<ChannelMaker>>();
  const open = async () => channelMaker(await openSftp(ssh), ended, makeDirect);
  return {
    channel: channelMaker(sftp, ended, makeDirect),
    another(number) {
      const found = others.get(number) ?? open();
      others.set(number, found);
      return found;
    },
    writeSize: (handleLength) => writeSize(sftp, handleLength),
    sharedWindow: sftp._isOpenSSH ? sftp.outgoing?.window : undefined,
    direct: makeDirect !== undefined,
    ended,
  };
}
