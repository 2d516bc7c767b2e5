import { spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { fingerprint } from '../../src/destination/sftp/host-key.ts';
import { type SftpServer, freePort, missing, waitForGreeting } from './sftp-server.ts';
import { makeKey, passwordHash, rfc4716 } from './ssh-keys.ts';

const binary = '/usr/sbin/proftpd';

/** A running ProFTPD. */
export interface Proftpd extends SftpServer {
  readonly directory: string;
}

/** The account of an unprivileged server is the one that started it; root's server runs as nobody. */
function account() {
  const { uid, gid, username } = userInfo();
  return uid === 0
    ? { uid: 65_534, gid: 65_534, user: 'nobody', group: 'nogroup' }
    : { uid, gid, user: username, group: String(gid) };
}

function configuration(
  folder: string,
  port: number,
  lines: readonly string[],
  user: string,
  group: string,
): string {
  return `ServerName "test"
ServerType standalone
DefaultAddress 127.0.0.1
SocketBindTight on
Port ${port}
UseIPv6 off
User ${user}
Group ${group}
ModulePath /usr/lib/proftpd
LoadModule mod_sftp.c
LoadModule mod_ident.c
PidFile ${folder}/pid
ScoreboardFile ${folder}/score
DelayTable none
SystemLog ${folder}/log
WtmpLog off
TransferLog none
AuthOrder mod_auth_file.c
AuthUserFile ${folder}/passwd
AuthGroupFile ${folder}/group
RequireValidShell off
AllowOverwrite off
<IfModule mod_sftp.c>
SFTPEngine on
SFTPLog ${folder}/sftp.log
SFTPHostKey ${folder}/host_key
SFTPAuthorizedUserKeys file:${folder}/authorized_keys
${lines.join('\n')}
</IfModule>
`;
}

/** No extension, no overwriting: the strictest that version 3 of the protocol allows. */
export const strict = [
  'SFTPExtensions -posixRename -fsync -statvfs -homeDirectory',
  'SFTPAuthMethods publickey password',
];

/** Starts ProFTPD's mod_sftp with these lines (strict ones unless told). Undefined when it is not installed. */
export async function startProftpd(lines: readonly string[] = strict): Promise<Proftpd | undefined> {
  if (!existsSync(binary)) return missing('ProFTPD', 'test/servers/install/sftp.sh');
  const folder = mkdtempSync(join(tmpdir(), 'writeback-proftpd-'));
  const { uid, gid, user, group } = account();
  const directory = join(folder, 'home');
  mkdirSync(directory);
  chmodSync(folder, 0o755);
  if (userInfo().uid === 0) chownSync(directory, uid, gid);
  const [hostKey, key] = [makeKey('rsa'), makeKey()];
  const password = 'open sesame';
  const hash = passwordHash(password);
  const port = await freePort();
  const file = (name: string, text: string, mode = 0o600) =>
    writeFileSync(join(folder, name), text, { mode });
  file('host_key', hostKey.private);
  file('authorized_keys', rfc4716(key.public), 0o644);
  file('passwd', `wb:${hash}:${uid}:${gid}::${directory}:/bin/false\n`);
  file('group', `g:x:${gid}:\n`);
  file('conf', configuration(folder, port, lines, user, group));
  const child = spawn(binary, ['-n', '-c', join(folder, 'conf')], { stdio: ['ignore', 'ignore', 'ignore'] });
  const gone = new Promise<void>((done) => child.once('exit', () => done()));
  const stop = async () => {
    child.kill('SIGTERM');
    await gone;
    rmSync(folder, { recursive: true, force: true });
  };
  const log = () => (existsSync(join(folder, 'log')) ? readFileSync(join(folder, 'log'), 'utf8') : 'no log');
  await waitForGreeting(port, log).catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  const hostKeyFingerprint = fingerprint(Buffer.from(hostKey.public.split(' ')[1] ?? '', 'base64'));
  const address = {
    name: 'ProFTPD',
    host: '127.0.0.1',
    port,
    username: 'wb',
    password,
    privateKey: key.private,
  };
  return { ...address, hostKeyFingerprint, path: '', directory, stop };
}
