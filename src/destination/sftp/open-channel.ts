import type { Socket } from 'node:net';
import type { Client, SFTPWrapper } from 'ssh2';
import { isTold } from '../../errors.ts';
import { connectionLost, explainConnection } from './explain.ts';
import { settle } from './sftp-channel.ts';
import { type Ssh2Channel, type Ssh2Protocol, channelsOf } from './ssh2-internals.ts';

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

/** What ssh2 knows of the server; it has no public name, and may be missing. */
export type Opened = SFTPWrapper & {
  readonly _maxWriteLen?: number;
  readonly _isOpenSSH?: boolean;
  readonly outgoing?: { readonly window: number };
};

/** An SFTP channel, and when it came to its end. */
export interface OpenedChannel {
  readonly sftp: Opened;
  /** Aborted, with a told error, once the channel is gone. */
  readonly gone: AbortSignal;
}

/** ssh2's CHANNEL_OPEN_CONFIRMATION takes this for granted. */
const incoming = { window: 2 << 20, packetSize: 32 << 10 };

type Done = (error: Error | null | undefined, sftp: SFTPWrapper) => void;

/**
 * OpenSSH answers in the order it is asked, and its limits are known, so neither its version nor its limits are waited for:
 * the first requests leave together with the question for them. That saves two round trips of `client.sftp`. Not before
 * the subsystem has begun: until then the channel's window is zero.
 */
function openEarly(client: Client, protocol: Ssh2Protocol, done: Done): void {
  const confirmed = (error: Error | undefined, sftp: Ssh2Channel & SFTPWrapper) => {
    if (error) return done(error, sftp);
    sftp._callbacks.push((refused) => {
      if (refused) return done(new Error('Unable to start subsystem: sftp'), sftp);
      done(undefined, sftp);
      sftp._init();
    });
    protocol.subsystem(sftp.outgoing.id, 'sftp', true);
  };
  const number = channelsOf(client).add(Object.assign(confirmed, { type: 'sftp' as const }));
  protocol.session(number, incoming.window, incoming.packetSize);
}

const isOpenSsh = (protocol: Ssh2Protocol) => String(protocol._remoteIdentRaw).startsWith('SSH-2.0-OpenSSH');

/**
 * Opens SFTP on a signed-in connection; with ssh2's inside, where it is known, in fewer round trips.
 * Throws told errors: `sftp-not-offered`, `sftp-noisy-shell` and the like, or gives them to `gone`.
 */
export async function openSftp(ssh: Ssh, protocol: Ssh2Protocol | undefined): Promise<OpenedChannel> {
  const { client, ended, server } = ssh;
  const gone = new AbortController();
  const listen = (sftp: Opened) =>
    void sftp
      .on('error', (error: Error) => gone.abort(explainConnection(error, server)))
      .on('close', () => gone.abort(connectionLost(server, undefined)));
  try {
    const sftp = await settle<Opened>(ended.signal, handshakeLimit, (done) => {
      const opened: Done = (error, made) => {
        if (!error) listen(made);
        done(error, made);
      };
      if (protocol && isOpenSsh(protocol)) openEarly(client, protocol, opened);
      else client.sftp(opened);
    });
    return { sftp, gone: gone.signal };
  } catch (error) {
    throw isTold(error) ? error : explainConnection(error, server);
  }
}
