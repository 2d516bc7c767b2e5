import type { LookupAddress } from 'node:dns';
import { BlockList, isIP, isIPv6 } from 'node:net';
import { UserError } from '../errors.ts';
import type { EgressPolicy } from './egress.ts';

/**
 * Addresses that are nobody's public server, by the rule that names them to people; the first that fits is told.
 * https://www.iana.org/assignments/iana-ipv4-special-registry and iana-ipv6-special-registry; the clouds' metadata addresses
 * are their vendors'. Forms of IPv6 that carry an IPv4 address inside are blocked whole, so that none is hidden in them.
 */
const rules: Readonly<Record<string, readonly string[]>> = {
  'cloud metadata': [
    '169.254.169.254/32',
    '169.254.170.2/32',
    '100.100.100.200/32',
    '192.0.0.192/32',
    'fd00:ec2::254/128',
  ],
  loopback: ['127.0.0.0/8', '::1/128'],
  'link-local': ['169.254.0.0/16', 'fe80::/10'],
  multicast: ['224.0.0.0/4', 'ff00::/8'],
  private: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', 'fc00::/7'],
  reserved: [
    '0.0.0.0/8',
    '192.0.0.0/24',
    '198.18.0.0/15',
    '240.0.0.0/4',
    '::/96',
    '64:ff9b::/96',
    '64:ff9b:1::/48',
    '2001::/32',
    '2002::/16',
  ],
};

const familyOf = (address: string) => (isIPv6(address) ? 'ipv6' : 'ipv4');

function rangeList(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = '', bits] = range.split('/');
    const all = isIPv6(address) ? 128 : 32;
    list.addSubnet(address, bits === undefined ? all : Number(bits), familyOf(address));
  }
  return list;
}

const blocked = Object.entries(rules).map(([rule, ranges]) => ({ rule, list: rangeList(ranges) }));

function ruleAgainst(address: string): string | undefined {
  return blocked.find(({ list }) => list.check(address, familyOf(address)))?.rule;
}

/** An attempt that a rule ended. */
export interface BlockedAttempt {
  readonly host: string;
  readonly port?: number | undefined;
  readonly address: string;
  readonly rule: string;
}

/** What the operator of a service lets its runs reach. */
export interface AddressRules {
  /** Ranges (`10.20.0.0/16`), addresses, names (`mongo.internal`), or a name with its only port (`mongo.internal:27017`). */
  readonly allow: readonly string[];
  /** Lets runs reach this machine: for development and the demo. */
  readonly allowLoopback?: boolean;
  /** Told of every attempt that is refused. */
  readonly onBlocked?: (attempt: BlockedAttempt) => void;
}

/** What one entry of the operator's list is; throws UserError `egress-allow-invalid` for none. */
function entryOf(entry: string): { range: string } | { name: string; port?: number } {
  const [address = '', bits, ...rest] = entry.split('/');
  const most = isIPv6(address) ? 128 : 32;
  const inBounds = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most);
  if (isIP(address) && inBounds && rest.length === 0) return { range: entry };
  const [, name, port] = /^([a-z0-9_-]+(?:\.[a-z0-9_-]+)*)(?::(\d{1,5}))?$/i.exec(entry) ?? [];
  // "127.1" and "0x7f.1" look like names, but a resolver takes them for addresses.
  if (name !== undefined && !/(^|\.)(\d+|0x[\da-f]+)$/i.test(name))
    return { name: name.toLowerCase(), ...(port !== undefined && { port: Number(port) }) };
  throw new UserError('egress-allow-invalid', `"${entry}" is neither a range of addresses nor a name.`, {
    remedy:
      'Write entries such as 10.20.0.0/16, mongo.internal or mongo.internal:27017, with commas between them.',
  });
}

function refusal({ host, address, rule }: BlockedAttempt): UserError {
  const where = host === address ? host : `${host} (${address})`;
  const sentence = `${where} is a ${rule} address, which this installation does not let a run reach.`;
  return new UserError('egress-blocked', sentence, {
    remedy: `If it is meant, ask the operator to add ${host} to WRITEBACK_EGRESS_ALLOW.`,
  });
}

/**
 * The rules of a service: of all addresses that a name has, none may be special, unless the operator allows it. One that is
 * refuses the name whole: a public address beside it may be bait. The policy throws UserError `egress-blocked`; this throws
 * `egress-allow-invalid`.
 */
export function addressPolicy({ allow, allowLoopback = false, onBlocked }: AddressRules): EgressPolicy {
  const entries = allow.map(entryOf);
  const ranges = rangeList(entries.flatMap((entry) => ('range' in entry ? [entry.range] : [])));
  const names = entries.flatMap((entry) => ('name' in entry ? [entry] : []));
  const namedFor = (host: string, port: number | undefined) =>
    names.some(
      (entry) => entry.name === host.toLowerCase() && (entry.port === undefined || entry.port === port),
    );
  const isAllowed = (address: string, rule: string) =>
    ranges.check(address, familyOf(address)) || (allowLoopback && rule === 'loopback');
  return (host: string, addresses: readonly LookupAddress[], port?: number) => {
    if (namedFor(host, port)) return;
    for (const { address } of addresses) {
      const rule = ruleAgainst(address);
      if (rule === undefined || isAllowed(address, rule)) continue;
      const attempt = { host, port, address, rule };
      onBlocked?.(attempt);
      throw refusal(attempt);
    }
  };
}
