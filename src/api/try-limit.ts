import { Refusal } from './problem.ts';

/** Refuses what is tried too often. */
export interface TryLimit {
  /** Counts one try for each key; throws Refusal 429 with `Retry-After` when one of them has had too many. */
  count(...keys: readonly string[]): void;
}

interface Tries {
  readonly since: number;
  count: number;
}

/** When there are more keys, the oldest are forgotten: an attacker with many addresses must not fill the memory. */
const mostKeys = 100_000;

/** So many tries for each key within so many milliseconds. Kept in this process. */
export function createTryLimit(most: number, milliseconds: number, now: () => number = Date.now): TryLimit {
  const known = new Map<string, Tries>();
  const triesOf = (key: string): Tries => {
    const tries = known.get(key);
    if (tries && now() - tries.since < milliseconds) return tries;
    known.delete(key);
    const fresh = { since: now(), count: 0 };
    known.set(key, fresh);
    for (const oldest of known.keys()) {
      if (known.size <= mostKeys) break;
      known.delete(oldest);
    }
    return fresh;
  };
  return {
    count(...keys) {
      for (const key of keys) {
        const tries = triesOf(key);
        tries.count += 1;
        if (tries.count > most) throw tooMany(tries.since + milliseconds - now());
      }
    },
  };
}

function tooMany(milliseconds: number): Refusal {
  const seconds = Math.max(1, Math.ceil(milliseconds / 1000));
  const sentence = `Too many tries. Wait ${seconds} seconds.`;
  return new Refusal(429, 'api-too-often', sentence, { headers: { 'retry-after': String(seconds) } });
}

/** The network that an address is of: who has one address of it has them all. Half of an IPv6 address, three quarters of an IPv4 one. */
export function networkOf(address: string): string {
  const mapped = /^::ffff:([\d.]+)$/i.exec(address)?.[1];
  if (mapped !== undefined || !address.includes(':'))
    return (mapped ?? address).split('.').slice(0, 3).join('.');
  const [head = '', tail] = address.split('::');
  const groups = head.split(':').filter(Boolean);
  const rest = tail === undefined ? [] : tail.split(':').filter(Boolean);
  const zeros = Array<string>(8 - groups.length - rest.length).fill('0');
  return [...groups, ...(tail === undefined ? [] : zeros), ...rest].slice(0, 4).join(':');
}
