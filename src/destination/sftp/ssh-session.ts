import type { ClientErrorExtensions, ConnectConfig } from 'ssh2';
import type { Egress } from '../../egress/egress.ts';
import type { Address } from './address.ts';
import { connectionLost, explainConnection } from './explain.ts';
import { type HostKeyPins, fingerprint, keyType, verifyHostKey, wantedTypes } from './host-key.ts';
import { type SignInPace, hastenSignIn } from './hasten-sign-in.ts';
import { settle } from './sftp-channel.ts';
import { type Ssh, handshakeLimit } from './open-channel.ts';
import { type SftpSession, openSession } from './sftp-session.ts';
import { type Identity, createSignInLog, followServer, loginRefused, passwordExpired } from './sign-in.ts';

/** Whom to reach, as whom, and what the server must prove to be. */
export interface Access {
  readonly address: Address;
  readonly identity: Identity;
  readonly pins: HostKeyPins;
  readonly acceptUnknown: boolean;
}

/** What a connection test wants to hear while a session opens. */
export interface Progress {
  connected?(): void;
  /** The key was shown; whether it is accepted comes after. */
  hostKey?(seen: { readonly fingerprint: string; readonly type: string }): void;
  hostKeyAccepted?(): void;
}

const ciphers = [
  'aes128-gcm@openssh.com',
  'aes256-gcm@openssh.com',
  'chacha20-poly1305@openssh.com',
  'aes128-ctr',
  'aes192-ctr',
  'aes256-ctr',
] as const;

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

/** Returns milliseconds of a round trip, as far as they were measured. */
async function signIn(ssh: Ssh, access: Access, hasty: boolean, progress: Progress): Promise<number> {
  const { client, socket, ended } = ssh;
  const log = createSignInLog();
  const server = `${access.address.host}:${access.address.port}`;
  let pace: SignInPace | undefined;
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
    if (hasty) pace = hastenSignIn(client, access.identity.key);
  });
  return pace?.roundTrip ?? Infinity;
}

/** What a session needs of its run. */
export interface SessionWork {
  readonly egress: Egress;
  readonly signal: AbortSignal;
  /** Writes go past ssh2's own where that is possible; false: ssh2's public functions alone. */
  readonly direct?: boolean;
}

/**
 * Lends a signed-in SFTP session and closes it. Throws told errors: egress's, `sftp-host-key-…`, `sftp-login-refused`,
 * `sftp-connection-lost` and the like. When `signal` ends while opening, its reason is thrown.
 */
export async function withSession<T>(
  access: Access,
  work: SessionWork,
  use: (session: SftpSession) => Promise<T>,
  progress: Progress = {},
): Promise<T> {
  const loading = import('ssh2');
  const socket = await work.egress.connect({ ...access.address, signal: work.signal });
  const { default: ssh2 } = await loading;
  progress.connected?.();
  const server = `${access.address.host}:${access.address.port}`;
  const ssh: Ssh = { client: new ssh2.Client(), socket, ended: new AbortController(), server };
  const stop = () => ssh.ended.abort(work.signal.reason);
  work.signal.addEventListener('abort', stop, { once: true });
  try {
    const direct = work.direct ?? true;
    const roundTrip = await signIn(ssh, access, direct, progress);
    const session = await openSession(ssh, { direct, roundTrip });
    // From here on an abort stops the operations only: cleaning up still needs the connection.
    work.signal.removeEventListener('abort', stop);
    work.signal.throwIfAborted();
    return await use(session);
  } finally {
    work.signal.removeEventListener('abort', stop);
    ssh.client.on('error', () => {}).end();
    socket.on('error', () => {}).destroySoon();
  }
}
