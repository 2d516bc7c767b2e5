import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fingerprint } from '../../src/destination/sftp/host-key.ts';
import { type SftpServer, freePort, missing, waitForGreeting } from './sftp-server.ts';
import { makeKey } from './ssh-keys.ts';

const binary = '/usr/bin/rclone';

/** rclone's SFTP server over a folder: without a cache it stores a file only from its first byte to its last. Undefined when it is not installed. */
export async function startRcloneSftp(): Promise<(SftpServer & { readonly directory: string }) | undefined> {
  if (!existsSync(binary)) return missing('rclone', 'test/servers/install/rivals.sh');
  const folder = mkdtempSync(join(tmpdir(), 'writeback-rclone-'));
  const directory = join(folder, 'files');
  mkdirSync(directory);
  const [hostKey, password, port] = [makeKey('rsa'), 'open sesame', await freePort()];
  writeFileSync(join(folder, 'host_key'), hostKey.private, { mode: 0o600 });
  const words = ['serve', 'sftp', '--config', '/dev/null', '--addr', `127.0.0.1:${port}`];
  const secrets = ['--user', 'writer', '--pass', password, '--key', join(folder, 'host_key')];
  const child = spawn(binary, [...words, ...secrets, directory], { stdio: 'ignore' });
  const exited = new Promise<void>((done) => child.once('exit', () => done()));
  await waitForGreeting(port, () => 'rclone serve sftp');
  const [, blob = ''] = hostKey.public.split(' ');
  const hostKeyFingerprint = fingerprint(Buffer.from(blob, 'base64'));
  const address = { name: 'rclone', host: '127.0.0.1', port, username: 'writer', password };
  return {
    ...address,
    hostKeyFingerprint,
    path: '',
    directory,
    async stop() {
      child.kill('SIGTERM');
      await exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
