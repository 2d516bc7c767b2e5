import type { Client, ClientErrorExtensions, ConnectConfig, SFTPWrapper } from 'ssh2';
import { isTold } from '../../errors.ts';
import type { Egress } from '../../egress/egress.ts';
import type { Address } from './address.ts';
import { connectionLost, explainConnection } from './explain.ts';
import { type HostKeyPins, fingerprint, keyType, verifyHostKey, wantedTypes } from './host-key.ts';
import { createChannel, settle, type SftpChannel } from './sftp-channel.ts';
import { type Identity, createSignInLog, followServer, loginRefused, passwordExpired } from './sign-in.ts';

/** Whom to reach, as whom, and what the server must prove to be. */
export interface Access {
  readonly address: Address;
  readonly identity: Identity;
  readonly pins: HostKeyPins;
  readonly acceptUnknown: boolean;
}

/** An open SFTP channel. Lent by `withSession`. */
export interface SftpSession {
  /** Operations that end with `signal` or with the connection. */
  channel(signal: AbortSignal): SftpChannel;
  /** Bytes of one write that this server takes in one packet, for a handle of this length. */
  writeSize(handleLength: number): number;
  /** Aborted, with a told error, once the connection is gone. */
  readonly ended: AbortSignal;
}

/** What a connection test wants to hear while a session opens. */
export interface Progress {
  connected?(): void;
  /** The key was shown; whether it is accepted comes after. */
  hostKey?(seen: { readonly fingerprint: string; readonly type: string }): void;
  hostKeyAccepted?(): void;
}

/** Milliseconds until key exchange and sign-in must be done; a wrong keyboard-interactive answer alone costs two seconds. */
const handshakeLimit = 30_000;

const ciphers = [
  'aes128-gcm@openssh.com',
  'aes256-gcm@openssh.com',
  'chacha20-poly1305@openssh.com',
  'aes128-ctr',
  'aes192-ctr',
  'aes256-ctr',
] as const;

/** ssh2's own limit of one write; it has no public name. */
type Limited = SFTPWrapper & { readonly _maxWriteLen?: number };

/**
 * 7 packets of 32,768 bytes less the frame of a write (25 bytes and the handle) is the fastest on OpenSSH, measured;
 * other servers take what ssh2 knows of them. asyncssh announces 4 MiB, which nothing gains from.
 */
function writeSize(sftp: SFTPWrapper, handleLength: number): number {
  const best = 7 * 32_768 - (25 + handleLength);
  return Math.min(best, (sftp as Limited)._maxWriteLen ?? 31_952);
}

function configuration(
  access: Access,
  progress: Progress,
  fail: (error: Error) => void,
): Partial<ConnectConfig> {
  const { pins, address, acceptUnknown } = access;
  const types = wantedTypes(pins);
  return {
    username: access.identity.username,
    readyTimeout: handshakeLimit,
    keepaliveInterval: 15_000,
    keepaliveCountMax: 4,
    algorithms: { cipher: [...ciphers], ...(types && { serverHostKey: types as never }) },
    hostVerifier: (key: Buffer) => {
      try {
        progress.hostKey?.({ fingerprint: fingerprint(key), type: keyType(key) });
        verifyHostKey(key, pins, address, acceptUnknown);
        progress.hostKeyAccepted?.();
        return true;
      } catch (error) {
        fail(error as Error);
        return false;
      }
    },
  };
}

function explainSignIn(
  error: Error & ClientErrorExtensions,
  access: Access,
  log: ReturnType<typeof createSignInLog>,
): Error {
  if (error.level === 'client-authentication') return loginRefused(access.identity, log, error);
  // Many servers hang up after the last wrong answer instead of refusing it.
  const gone =
    log.tried.size > 0 && /Connection lost|ECONNRESET|Too many authentication/i.test(error.message);
  if (gone && /Too many authentication/i.test(error.message))
    return loginRefused(access.identity, log, error);
  return explainConnection(error, `${access.address.host}:${access.address.port}`);
}

type Ssh = { readonly client: Client; readonly ended: AbortController };

async function signIn(
  ssh: Ssh,
  socket: NonNullable<ConnectConfig['sock']>,
  access: Access,
  progress: Progress,
): Promise<void> {
  const { client, ended } = ssh;
  const log = createSignInLog();
  const server = `${access.address.host}:${access.address.port}`;
  await settle<void>(ended.signal, handshakeLimit + 5000, (done) => {
    const fail = (error: Error) => ended.abort(explainSignIn(error, access, log));
    client
      .on('ready', () => done(undefined, undefined))
      .on('error', fail)
      .on('close', () => ended.abort(connectionLost(server, undefined)))
      .on('change password', () => fail(passwordExpired(access.identity)));
    const authHandler = followServer(access.identity, log);
    const config = configuration(access, progress, (refusal) => ended.abort(refusal));
    client.connect({ ...config, sock: socket, authHandler });
  });
}

async function openSftp({ client, ended }: Ssh, server: string): Promise<SFTPWrapper> {
  try {
    const sftp = await settle<SFTPWrapper>(ended.signal, handshakeLimit, (done) => client.sftp(done));
    sftp.on('error', (error: Error) => ended.abort(explainConnection(error, server)));
    sftp.on('close', () => ended.abort(connectionLost(server, undefined)));
    return sftp;
  } catch (error) {
    throw isTold(error) ? error : explainConnection(error, server);
  }
}

/**
 * Lends a signed-in SFTP session and closes it. Throws told errors: egress's, `sftp-host-key-…`, `sftp-login-refused`,
 * `sftp-connection-lost` and the like. When `signal` ends while opening, its reason is thrown.
 */
export async function withSession<T>(
  access: Access,
  work: { readonly egress: Egress; readonly signal: AbortSignal },
  use: (session: SftpSession) => Promise<T>,
  progress: Progress = {},
): Promise<T> {
  const { default: ssh2 } = await import('ssh2');
  const socket = await work.egress.connect({ ...access.address, signal: work.signal });
  progress.connected?.();
  const ssh: Ssh = { client: new ssh2.Client(), ended: new AbortController() };
  const stop = () => ssh.ended.abort(work.signal.reason);
  work.signal.addEventListener('abort', stop, { once: true });
  try {
    await signIn(ssh, socket, access, progress);
    const sftp = await openSftp(ssh, `${access.address.host}:${access.address.port}`);
    // From here on an abort stops the operations only: cleaning up still needs the connection.
    work.signal.removeEventListener('abort', stop);
    work.signal.throwIfAborted();
    return await use({
      channel: (signal) => createChannel(sftp, AbortSignal.any([signal, ssh.ended.signal])),
      writeSize: (handleLength) => writeSize(sftp, handleLength),
      ended: ssh.ended.signal,
    });
  } finally {
    work.signal.removeEventListener('abort', stop);
    ssh.client.on('error', () => {}).end();
    socket.on('error', () => {}).destroySoon();
  }
}
