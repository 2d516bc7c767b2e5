import { explainSocketError } from '../../egress/egress.ts';
import { TemporaryError, UserError, isTold } from '../../errors.ts';

/** What nodemailer throws. */
interface SmtpError extends Error {
  readonly code?: string;
  /** What the socket met, such as ECONNRESET. */
  readonly originalCode?: string;
  readonly responseCode?: number;
  readonly response?: string;
  readonly rejected?: readonly string[];
}

/** The server's own words, as far as they fit into a sentence. */
const words = (text = '') => text.replaceAll(/\s+/g, ' ').trim().slice(0, 200);

/** A sentence for recipients that the server will not have. */
export function recipientsRefused(recipients: readonly string[], answer?: string): UserError {
  const why = answer === undefined ? '' : `: ${words(answer)}`;
  const sentence = `The mail server does not take mail for ${recipients.join(', ')}${why}.`;
  return new UserError('alert-recipient-refused', sentence, {
    remedy: 'Check the addresses, and that the server may send to them.',
  });
}

/** Replies 4xx mean later, 5xx never (RFC 5321, 4.2.1). What was signed in with is in no sentence. */
function explainReply({ code, responseCode = 0, response, rejected = [] }: SmtpError): Error | undefined {
  if (responseCode >= 400 && responseCode < 500)
    return new TemporaryError('alert-not-sent', `The mail server has no time: ${words(response)}.`);
  if (code === 'EAUTH' || code === 'ENOAUTH')
    return new UserError('alert-login-refused', 'The mail server refused user name and password.', {
      remedy: 'Check both; many providers want a password of its own for each application.',
    });
  if (rejected.length > 0) return recipientsRefused(rejected, response);
  if (responseCode < 500) return undefined;
  return new UserError('alert-refused', `The mail server refused the alert: ${words(response)}.`, {
    remedy: 'Check the sender’s address, and what this user may send.',
  });
}

const noTls = (cause: unknown) =>
  new UserError('alert-no-tls', 'The mail server offers no encryption (STARTTLS).', {
    remedy: 'Use its port for TLS, or say that this server may be spoken to unencrypted.',
    cause,
  });

/** Makes a told error of nodemailer's. */
export function explainSmtp(error: unknown, host: string, port: number): Error {
  if (isTold(error)) return error;
  const failure = error as SmtpError;
  const { code = '', originalCode = code, message } = failure;
  if (originalCode === 'ETLS') return noTls(failure);
  const met = Object.assign(new Error(message, { cause: error }), { code: originalCode });
  return explainReply(failure) ?? explainSocketError(met, host, port);
}
