import { timingSafeEqual } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AuthContext, Connection, ServerConnectionListener } from 'ssh2';
import ssh2 from 'ssh2';
import { fingerprint } from '../../src/destination/sftp/host-key.ts';
import { type SftpFaults, type SftpPlace, serveFiles } from './sftp-files.ts';
import { makeKey } from './ssh-keys.ts';

/** Who may sign in, and how. */
export interface SftpStandInOptions {
  readonly username?: string;
  readonly password?: string;
  /** Public keys as lines of `authorized_keys`. */
  readonly publicKeys?: readonly string[];
  /**
   * What the server wants: any one of these methods, or (`both`) a key and then a password,
   * or `code`: keyboard-interactive that asks for a one-time code too.
   */
  readonly signIn?: 'any' | 'password' | 'publickey' | 'keyboard-interactive' | 'both' | 'code';
  /** The password must be changed before anybody is let in. */
  readonly expired?: boolean;
  /** The folder that clients see as `/`; a temporary one unless given. */
  readonly directory?: string;
  readonly faults?: SftpFaults;
  /** Key exchange methods to offer, for servers of another age. */
  readonly kex?: readonly string[];
}

/** A running stand-in. */
export interface SftpStandIn {
  readonly host: string;
  readonly port: number;
  readonly username: string;
  readonly password: string;
  /** What clients see as `/`. */
  readonly directory: string;
  /** `SHA256:…` */
  readonly hostKeyFingerprint: string;
  readonly faults: SftpFaults;
  readonly counts: { written: number; writes: number };
  /** Methods of all attempts to sign in, in their order. */
  readonly attempts: readonly string[];
  stop(): Promise<void>;
}

const same = (given: string, wanted: string) =>
  Buffer.byteLength(given) === Buffer.byteLength(wanted) &&
  timingSafeEqual(Buffer.from(given), Buffer.from(wanted));

const offers = {
  any: ['publickey', 'password'],
  password: ['password'],
  publickey: ['publickey'],
  'keyboard-interactive': ['keyboard-interactive'],
  both: ['publickey'],
  code: ['keyboard-interactive'],
} as const;

type Wanted = Required<
  Pick<SftpStandInOptions, 'username' | 'password' | 'publicKeys' | 'signIn' | 'expired'>
>;

function knowsKey(context: Extract<AuthContext, { method: 'publickey' }>, lines: readonly string[]): boolean {
  return lines.some((line) => {
    const key = ssh2.utils.parseKey(line);
    if (key instanceof Error || !key.getPublicSSH().equals(context.key.data)) return false;
    if (!context.signature || !context.blob) return true;
    return key.verify(context.blob, context.signature, context.hashAlgo);
  });
}

/** Decides on each attempt to sign in, as strictly as a real server. */
function decide(wanted: Wanted, attempts: string[]): (context: AuthContext) => void {
  let left: readonly string[] = offers[wanted.signIn];
  const refuse = (context: AuthContext, partial = false) => context.reject([...left] as never, partial);
  return (context) => {
    attempts.push(context.method);
    if (context.username !== wanted.username || !left.includes(context.method)) return refuse(context);
    if (context.method === 'publickey') {
      if (!knowsKey(context, wanted.publicKeys)) return refuse(context);
      if (wanted.signIn !== 'both' || !context.signature) return context.accept();
      left = ['password'];
      return refuse(context, true);
    }
    if (context.method === 'password') {
      if (!same(context.password, wanted.password)) return refuse(context);
      if (wanted.expired) return context.requestChange('The password has expired.', () => refuse(context));
      return context.accept();
    }
    if (context.method !== 'keyboard-interactive') return refuse(context);
    const questions = ['Password: ', ...(wanted.signIn === 'code' ? ['Verification code: '] : [])];
    const prompts = questions.map((prompt) => ({ prompt, echo: false }));
    context.prompt(prompts, (answers) => {
      const right = answers.length === questions.length && same(answers[0] ?? '', wanted.password);
      if (right && wanted.signIn !== 'code') context.accept();
      else refuse(context);
    });
  };
}

function serveConnection(
  client: Connection,
  wanted: Wanted,
  place: Omit<SftpPlace, 'drop'>,
  drop: () => void,
  attempts: string[],
) {
  client
    .on('error', () => {})
    .on('authentication', decide(wanted, attempts))
    .on('session', (accept) => {
      accept().on('sftp', (acceptSftp) => serveFiles(acceptSftp(), { ...place, drop }));
    });
}

/** Starts an SFTP server inside this process: files in a folder, strict sign-in, faults on demand. It offers no extensions: ssh2 cannot. */
export async function startSftp(options: SftpStandInOptions = {}): Promise<SftpStandIn> {
  const {
    username = 'writer',
    password = 'open sesame',
    publicKeys = [],
    signIn = 'any',
    expired = false,
  } = options;
  const wanted: Wanted = { username, password, publicKeys, signIn, expired };
  const directory = options.directory ?? mkdtempSync(join(tmpdir(), 'writeback-sftp-'));
  mkdirSync(directory, { recursive: true });
  const faults: SftpFaults = { ...options.faults };
  const counts = { written: 0, writes: 0 };
  const attempts: string[] = [];
  const hostKey = makeKey();
  const sockets = new Set<Socket>();
  const listener: ServerConnectionListener = (client) => {
    const socket = (client as unknown as { _sock: Socket })._sock;
    socket.setNoDelay(true);
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    serveConnection(client, wanted, { root: directory, faults, counts }, () => socket.destroy(), attempts);
  };
  const algorithms = options.kex ? { algorithms: { kex: [...options.kex] as never } } : {};
  const server = new ssh2.Server({ hostKeys: [hostKey.private], ...algorithms }, listener);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', () => done()));
  const { port } = server.address() as AddressInfo;
  const [, blob = ''] = hostKey.public.split(' ');
  return {
    host: '127.0.0.1',
    port,
    username,
    password,
    directory,
    hostKeyFingerprint: fingerprint(Buffer.from(blob, 'base64')),
    faults,
    counts,
    attempts,
    async stop() {
      const closed = new Promise<void>((done) => server.close(() => done()));
      for (const socket of sockets) socket.destroy();
      await closed;
      if (options.directory === undefined) rmSync(directory, { recursive: true, force: true });
    },
  };
}
