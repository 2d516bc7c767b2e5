import { isIP } from 'node:net';
import { UserError } from '../errors.ts';

/** An address or a range. */
function isRange(entry: string): boolean {
  const [address = '', bits = '0', ...rest] = entry.split('/');
  const most = isIP(address) === 4 ? 32 : 128;
  return isIP(address) !== 0 && rest.length === 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= most;
}

/** Throws UserError `config-proxies` unless each entry of `WRITEBACK_PROXIES` is an address or a range. */
export function checkProxies(entries: readonly string[]): void {
  const wrong = entries.find((entry) => !isRange(entry));
  if (wrong === undefined) return;
  throw new UserError('config-proxies', `"${wrong}" in WRITEBACK_PROXIES is no address.`, {
    remedy: 'Write addresses or ranges such as 127.0.0.1 or 10.20.0.0/16, with commas between them.',
  });
}
