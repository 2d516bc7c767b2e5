import { createHash, createHmac } from 'node:crypto';
import { UserError } from '../../errors.ts';
import type { Address } from './address.ts';

/** One accepted (or revoked) host key: its SHA256 fingerprint, and its type where the line told it. */
interface Pin {
  readonly fingerprint: string;
  readonly type?: string | undefined;
  readonly revoked: boolean;
}

/** What the person said the server must prove to be. Empty: nothing was said. */
export type HostKeyPins = readonly Pin[];

const types: Record<string, string> = {
  ED25519: 'ssh-ed25519',
  RSA: 'ssh-rsa',
  ECDSA: 'ecdsa-sha2-nistp256',
};

/** `SHA256:…` of a public key as it goes over the wire, written as OpenSSH writes it. */
export function fingerprint(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}

/** The type that a public key states of itself, such as `ssh-ed25519`. */
export function keyType(key: Buffer): string {
  return key.toString('latin1', 4, 4 + key.readUInt32BE(0));
}

/** Patterns of a known_hosts line: plain, `[host]:port`, `*` and `?`, `!` for not, or hashed with HMAC-SHA1 (sshd(8)). */
function namesHost(patterns: string, { host, port }: Address): boolean {
  const names = [port === 22 ? host : `[${host}]:${port}`];
  const hashed = /^\|1\|([^|]+)\|(.+)$/.exec(patterns);
  if (hashed) {
    const salt = Buffer.from(hashed[1] ?? '', 'base64');
    return names.some((name) => createHmac('sha1', salt).update(name).digest('base64') === hashed[2]);
  }
  const fits = (pattern: string) => {
    const source = pattern
      .replace(/[\\^$.|+()[\]{}]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.');
    return names.some((name) => new RegExp(`^${source}$`, 'i').test(name));
  };
  const list = patterns.split(',');
  if (list.some((pattern) => pattern.startsWith('!') && fits(pattern.slice(1)))) return false;
  return list.some(fits);
}

function refuse(message: string): never {
  throw new UserError('sftp-host-key-invalid', message, {
    field: 'hostKey',
    remedy:
      'Enter a fingerprint (SHA256:…) or a line of known_hosts; the connection test shows the fingerprint.',
  });
}

function readFingerprint(line: string): Pin | undefined {
  const [, value, name] =
    /(?:^|\s)(SHA256:[A-Za-z0-9+/]{43})=?(?:\s.*?(?:\(([A-Z0-9]+)\))?)?$/.exec(line) ?? [];
  return value === undefined ? undefined : { fingerprint: value, type: types[name ?? ''], revoked: false };
}

/** A known_hosts line, or the content of a `.pub` file; undefined when the line is about another host. */
function readKnownHost(line: string, address: Address): Pin | undefined {
  const parts = /^(?:(@\S+)\s+)?(?:(\S+)\s+)?((?:ssh|ecdsa)-\S+)\s+([A-Za-z0-9+/]+=*)(?:\s.*)?$/.exec(line);
  if (!parts)
    return refuse(`“${line.slice(0, 60)}” is neither a SHA256 fingerprint nor a line of known_hosts.`);
  const [, marker, hosts, type = '', key = ''] = parts;
  if (marker === '@cert-authority') refuse('Host certificates (@cert-authority) are not supported.');
  if (hosts !== undefined && !namesHost(hosts, address)) return undefined;
  return { fingerprint: fingerprint(Buffer.from(key, 'base64')), type, revoked: marker === '@revoked' };
}

/** Reads fingerprints (also as `ssh-keygen -l` prints them) and known_hosts lines, one a line. Lines about other hosts are passed over. */
export function readPins(text: string | undefined, address: Address): HostKeyPins {
  const lines = (text ?? '').split(/\r?\n/).map((line) => line.trim());
  const told = lines.filter((line) => line !== '' && !line.startsWith('#'));
  const pins = told.map((line) => readFingerprint(line) ?? readKnownHost(line, address));
  const found = pins.filter((pin) => pin !== undefined);
  if (told.length > 0 && !found.some((pin) => !pin.revoked)) {
    refuse(`None of the host keys given is one of ${address.host}, port ${address.port}.`);
  }
  return found;
}

/** Throws `sftp-host-key-unknown` or `sftp-host-key-changed` unless this key is accepted. */
export function verifyHostKey(
  key: Buffer,
  pins: HostKeyPins,
  address: Address,
  acceptUnknown: boolean,
): void {
  const seen = fingerprint(key);
  const server = `${address.host}:${address.port}`;
  const matching = pins.filter((pin) => pin.fingerprint === seen);
  if (matching.some((pin) => !pin.revoked) && !matching.some((pin) => pin.revoked)) return;
  if (pins.length === 0 && acceptUnknown) return;
  if (pins.length === 0) {
    throw new UserError(
      'sftp-host-key-unknown',
      `${server} shows the host key ${seen} (${keyType(key)}), which nobody has confirmed.`,
      {
        field: 'hostKey',
        remedy: `Compare it with what the server's administrator says, then enter this line as Host Key: ${seen}`,
      },
    );
  }
  throw new UserError(
    'sftp-host-key-changed',
    `${server} shows the host key ${seen} (${keyType(key)}), which is not one of those given. Somebody may stand in between, so nothing was sent.`,
    {
      field: 'hostKey',
      remedy: `Ask the server's administrator. If the key was really changed, put this line into Host Key: ${seen}`,
    },
  );
}

/** Key types to ask the server for, when every pin tells its own: like OpenSSH, so that a key of another type is no false alarm. */
export function wantedTypes(pins: HostKeyPins): string[] | undefined {
  const told = pins.filter((pin) => !pin.revoked).map((pin) => pin.type);
  if (told.length === 0 || told.includes(undefined)) return undefined;
  const names = told.flatMap((type) =>
    type === 'ssh-rsa' ? ['rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa'] : [type ?? ''],
  );
  return [...new Set(names)];
}
