/** A format as seen by its first line. `pem`: node:crypto reads it. `remedy`: it cannot be used, and this is the way out. */
export interface KeyFormat {
  readonly name: string;
  readonly pem: boolean;
  readonly remedy?: string;
}

const privateHalf =
  'Enter the private half: the file of the same name without .pub, beginning with -----BEGIN … PRIVATE KEY-----.';
const puttygen =
  'Convert it with PuTTY: puttygen key.ppk -O private-openssh -o key.pem (or Conversions, Export OpenSSH key), and enter the new file.';
const sshCom = 'Convert it: ssh-keygen -i -f key > key.pem, then enter key.pem.';

const unusable: readonly (readonly [RegExp, string, string])[] = [
  [/^\S+-cert-v0\d@openssh\.com\s/, 'an SSH certificate', privateHalf],
  [/^(ssh-(rsa|dss|ed25519)|ecdsa-sha2-\S+|sk-\S+)\s+AAAA/, 'a public key', privateHalf],
  [/-----BEGIN (RSA )?PUBLIC KEY-----/, 'a public key', privateHalf],
  [/---- BEGIN SSH2 PUBLIC KEY ----/, 'a public key', privateHalf],
  [/-----BEGIN (TRUSTED )?CERTIFICATE( REQUEST)?-----/, 'a certificate', privateHalf],
  [/-----BEGIN PGP/, 'a PGP key', 'SFTP needs an SSH key: ssh-keygen -t ed25519 -f key'],
  [/---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----/, 'a private key in the format of ssh.com', sshCom],
  [/^PuTTY-User-Key-File-3:/, 'a PuTTY key of version 3', puttygen],
  [/-----BEGIN (?!.*PRIVATE KEY)[A-Z0-9 ]+-----/, 'a PEM file of another kind', privateHalf],
];

const usable: readonly (readonly [RegExp, string, boolean])[] = [
  [/-----BEGIN OPENSSH PRIVATE KEY-----/, 'OpenSSH format', false],
  [/-----BEGIN (RSA|EC|DSA) PRIVATE KEY-----/, 'PEM', true],
  [/-----BEGIN (ENCRYPTED )?PRIVATE KEY-----/, 'PKCS#8', true],
  [/^PuTTY-User-Key-File-2:/, 'PuTTY version 2', false],
];

const whole = 'Enter the whole file, from -----BEGIN … PRIVATE KEY----- to -----END … PRIVATE KEY-----.';

/** Tells the format of a (repaired) key by its first line. */
export function keyFormat(text: string): KeyFormat {
  for (const [pattern, name, remedy] of unusable) if (pattern.test(text)) return { name, pem: false, remedy };
  for (const [pattern, name, pem] of usable) if (pattern.test(text)) return { name, pem };
  return { name: 'text without the first line of a key', pem: false, remedy: whole };
}
