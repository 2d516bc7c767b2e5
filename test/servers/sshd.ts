import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { fingerprint } from '../../src/destination/sftp/host-key.ts';
import { type SftpServer, freePort, missing, waitForGreeting } from './sftp-server.ts';
import { type SshKeyPair, makeKey, passwordHash } from './ssh-keys.ts';

const binary = '/usr/sbin/sshd';

/** A running sshd; `directory` is its home folder on this machine. */
export interface Sshd extends SftpServer {
  readonly directory: string;
  readonly key: SshKeyPair;
  /** The private half as a file, for OpenSSH's own client. */
  readonly keyFile: string;
}

/** What both kinds of sshd are given. */
interface SshdOptions {
  /** More lines of sshd_config, which win over ours. */
  readonly lines?: readonly string[];
  readonly publicKeys?: readonly string[];
}

function prepare(publicKeys: readonly string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'writeback-sshd-'));
  const [hostKey, key] = [makeKey(), makeKey()];
  const file = (name: string, text: string, mode = 0o600) => {
    writeFileSync(join(folder, name), text, { mode });
    return join(folder, name);
  };
  file('host_key', hostKey.private);
  const keyFile = file('user_key', key.private);
  file('authorized_keys', `${[key.public, ...publicKeys].join('\n')}\n`, 0o644);
  // The privilege separation folder is asked for when root starts it.
  if (userInfo().uid === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  const [, blob = ''] = hostKey.public.split(' ');
  return { folder, key, keyFile, file, hostKeyFingerprint: fingerprint(Buffer.from(blob, 'base64')) };
}

async function stop(child: ChildProcess, folder: string): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const gone = new Promise<void>((done) => child.once('exit', () => done()));
    child.kill('SIGTERM');
    await gone;
  }
  rmSync(folder, { recursive: true, force: true });
}

async function run(
  command: string,
  parameters: readonly string[],
  folder: string,
  port: number,
): Promise<ChildProcess> {
  const child = spawn(command, [...parameters], { stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  child.stderr?.on('data', (chunk: Buffer) => (log = (log + chunk.toString()).slice(-10_000)));
  try {
    await waitForGreeting(port, () => log);
  } catch (error) {
    await stop(child, folder);
    throw error;
  }
  return child;
}

/** Where every sshd of these tests listens, and where its keys lie. */
const placeLines = (folder: string, port: number) => [
  `Port ${port}`,
  'ListenAddress 127.0.0.1',
  `HostKey ${join(folder, 'host_key')}`,
  'PidFile none',
  `AuthorizedKeysFile ${join(folder, 'authorized_keys')}`,
  'StrictModes no',
];

/** sshd under this very account: it lets in only the same account, by key, and has no jail. Undefined when it is not installed. */
export async function startSshd(options: SshdOptions = {}): Promise<Sshd | undefined> {
  if (!existsSync(binary)) return missing('sshd', 'test/servers/install/sftp.sh');
  const { folder, key, keyFile, file, hostKeyFingerprint } = prepare(options.publicKeys ?? []);
  const directory = join(folder, 'home');
  mkdirSync(directory);
  const port = await freePort();
  const lines = [
    ...(options.lines ?? []),
    ...placeLines(folder, port),
    'UsePAM yes',
    'PasswordAuthentication no',
    'Subsystem sftp internal-sftp',
    `ForceCommand internal-sftp -d ${directory}`,
    'LogLevel INFO',
  ];
  const child = await run(
    binary,
    ['-D', '-e', '-f', file('sshd_config', `${lines.join('\n')}\n`)],
    folder,
    port,
  );
  const address = { name: 'sshd', host: '127.0.0.1', port, username: userInfo().username };
  const rest = { privateKey: key.private, hostKeyFingerprint, path: '', directory, key, keyFile };
  return { ...address, ...rest, stop: () => stop(child, folder) };
}

/** Accounts bound over /etc inside the namespace, and a jail whose disk is really full after `megabytes`. */
const jailScript = `set -e
mount -t tmpfs -o size="$MEGABYTES"m,mode=755 tmpfs /mnt
mkdir /mnt/upload && chown 20001:20001 /mnt/upload
for name in passwd group shadow; do mount --bind "$FOLDER/$name" "/etc/$name"; done
exec ${binary} -D -e -f "$FOLDER/sshd_config"`;

function writeAccounts(file: (name: string, text: string, mode?: number) => string, password: string): void {
  const named = (path: string, names: RegExp) =>
    readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => names.test(line));
  const hash = passwordHash(password);
  file(
    'passwd',
    [...named('/etc/passwd', /^(root|sshd|nobody):/), 'wb:x:20001:20001::/upload:/usr/sbin/nologin', ''].join(
      '\n',
    ),
    0o644,
  );
  file('group', [...named('/etc/group', /^(root|nogroup|sshd):/), 'wb:x:20001:', ''].join('\n'), 0o644);
  file('shadow', `root:*:19000:0:99999:7:::\nsshd:!:19000::::::\nwb:${hash}:19000:0:99999:7:::\n`);
}

/**
 * sshd with a password account in a jail of `megabytes` (40) on a disk of its own, inside a private mount namespace:
 * needs root and the right to make namespaces. Undefined when either is missing.
 */
export async function startJailedSshd(
  options: SshdOptions & { megabytes?: number } = {},
): Promise<Omit<Sshd, 'directory'> | undefined> {
  if (!existsSync(binary) || userInfo().uid !== 0) return undefined;
  const { folder, key, keyFile, file, hostKeyFingerprint } = prepare(options.publicKeys ?? []);
  chmodSync(folder, 0o755);
  const password = 'open sesame';
  writeAccounts(file, password);
  const port = await freePort();
  const lines = [
    ...(options.lines ?? []),
    ...placeLines(folder, port),
    'UsePAM no',
    'PasswordAuthentication yes',
    'KbdInteractiveAuthentication no',
    'AllowUsers wb',
    'Subsystem sftp internal-sftp',
    'ForceCommand internal-sftp -d /upload',
    'ChrootDirectory /mnt',
    'LogLevel INFO',
  ];
  file('sshd_config', `${lines.join('\n')}\n`);
  const script = `MEGABYTES=${options.megabytes ?? 40} FOLDER='${folder}'\n${jailScript}`;
  const started = run('unshare', ['-m', '--propagation', 'private', 'sh', '-c', script], folder, port);
  const child = await started.catch((error: unknown) =>
    console.error(`MISSING real server: jailed sshd (${String(error)})`),
  );
  if (!child) return undefined;
  const address = { name: 'jailed sshd', host: '127.0.0.1', port, username: 'wb', password };
  const rest = { privateKey: key.private, hostKeyFingerprint, path: '/upload', key, keyFile };
  return { ...address, ...rest, stop: () => stop(child, folder) };
}
