import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateKeyPairSync } from 'node:crypto';
import ssh2 from 'ssh2';

/** A key pair as text: the private half in OpenSSH or PEM format, the public half as a line of `authorized_keys`. */
export interface SshKeyPair {
  readonly private: string;
  readonly public: string;
}

/** Makes a key pair without any program; no private key lies in the repository. */
export function makeKey(type: 'ed25519' | 'rsa' = 'ed25519'): SshKeyPair {
  if (type === 'ed25519') return makeEd25519();
  const pem = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({
    type: 'pkcs1',
    format: 'pem',
  }) as string;
  return { private: pem, public: publicLine(pem) };
}

/** ssh2 1.17 makes about three in a thousand of these keys so that it cannot read them itself: then another is made. */
function makeEd25519(): SshKeyPair {
  const pair = ssh2.utils.generateKeyPairSync('ed25519');
  const readable = !(ssh2.utils.parseKey(pair.private) instanceof Error);
  return readable ? { private: pair.private, public: pair.public } : makeEd25519();
}

/** The `authorized_keys` line of a private key. */
export function publicLine(privateKey: string, passphrase?: string): string {
  const parsed = ssh2.utils.parseKey(privateKey, passphrase);
  if (parsed instanceof Error) throw parsed;
  const [key] = [parsed].flat();
  if (key === undefined) throw new Error('no key');
  return `${key.type} ${key.getPublicSSH().toString('base64')}`;
}

/** Makes a key with `ssh-keygen`, given its options; undefined when that program is missing. */
export function keygen(options: readonly string[], passphrase = ''): SshKeyPair | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'writeback-key-'));
  try {
    const path = join(folder, 'key');
    execFileSync('ssh-keygen', ['-q', ...options, '-N', passphrase, '-C', 'test', '-f', path], {
      stdio: 'pipe',
    });
    return { private: readFileSync(path, 'utf8'), public: readFileSync(`${path}.pub`, 'utf8').trim() };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Changes a private key with `openssl`, whose options may name `IN` and `OUT`; undefined when that program is missing. */
export function openssl(options: readonly string[], input: string): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'writeback-key-'));
  try {
    const [from, to] = [join(folder, 'in'), join(folder, 'out')];
    writeFileSync(from, input);
    const named = options.map((option) => (option === 'IN' ? from : option === 'OUT' ? to : option));
    execFileSync('openssl', named, { stdio: 'pipe' });
    return readFileSync(to, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A public key in the syntax of RFC 4716, which ProFTPD wants. */
export function rfc4716(publicKey: string): string {
  const [, body = ''] = publicKey.split(' ');
  return `---- BEGIN SSH2 PUBLIC KEY ----\n${(body.match(/.{1,70}/g) ?? []).join('\n')}\n---- END SSH2 PUBLIC KEY ----\n`;
}

/** A password as `crypt` of the system's files wants it (SHA-512). */
export function passwordHash(password: string): string {
  return execFileSync('openssl', ['passwd', '-6', '-stdin'], { input: password, encoding: 'utf8' }).trim();
}
