import { UserError } from '../../errors.ts';
import type { EmailPlace } from './email.ts';

/** The part of a place that the address of a mail server tells. */
type SmtpServer = Pick<EmailPlace, 'host' | 'port' | 'security' | 'username' | 'password'>;

/** Ports of RFC 8314: for submission over TLS, and for submission that begins unencrypted. */
const ports = { 'smtps:': 465, 'smtp:': 587 };

const isScheme = (scheme: string): scheme is keyof typeof ports => Object.hasOwn(ports, scheme);

const wrong = () =>
  new UserError('alert-url', 'The address of the mail server is none.', {
    remedy:
      'Write smtps://user:password@host:465, or smtp://user:password@host:587, with special characters percent-encoded.',
  });

/** Throws URIError for a percent sign that encodes nothing. */
const decoded = (text: string) => (text === '' ? undefined : decodeURIComponent(text));

function securityOf({ protocol, search }: URL): EmailPlace['security'] {
  if (search !== '' && search !== '?tls=none') throw wrong();
  if (protocol === 'smtps:') return 'tls';
  return search === '' ? 'startTls' : 'none';
}

/**
 * Reads `smtps://user:password@host:465` or `smtp://user:password@host:587`. The second must offer STARTTLS, unless `?tls=none`
 * says that it may be spoken to unencrypted. Throws UserError `alert-url`, which does not repeat the address: it holds a password.
 */
export function readSmtpUrl(text: string): SmtpServer {
  const url = URL.parse(text);
  if (!url || !isScheme(url.protocol) || url.hostname === '' || !/^\/?$/.test(url.pathname)) throw wrong();
  const security = securityOf(url);
  try {
    return {
      host: url.hostname,
      port: Number(url.port) || ports[url.protocol],
      security,
      username: decoded(url.username),
      password: decoded(url.password),
    };
  } catch {
    throw wrong();
  }
}
