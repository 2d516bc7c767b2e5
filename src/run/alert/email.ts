import { createHash } from 'node:crypto';
import type { ConnectionOptions } from 'node:tls';
import type { SMTPTransportOptions } from 'nodemailer';
import type { Egress } from '../../egress/egress.ts';
import type { AlertChannel, AlertMessage } from './alert-channel.ts';
import { escapeMarkup } from './escape-markup.ts';
import { explainSmtp, recipientsRefused } from './explain-smtp.ts';

/** A mail server and whom it is to tell. */
export interface EmailPlace {
  readonly host: string;
  readonly port: number;
  /** `tls` from the first byte (RFC 8314), `startTls` before anything is said, or `none`, which the operator has to ask for. */
  readonly security: 'tls' | 'startTls' | 'none';
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly from: string;
  readonly to: readonly string[];
}

/** Characters of a subject: longer ones are cut off by what shows them. */
const longest = 120;

/** One line: a sentence may hold what a destination said. */
function subjectOf(message: string): string {
  const line = message.replaceAll(/\s+/g, ' ');
  return `[Writeback] ${line.length > longest ? `${line.slice(0, longest)}…` : line}`;
}

const factsOf = ({ at, writebackId, runId }: AlertMessage): [string, string][] =>
  Object.entries({ Time: at.toISOString(), Writeback: writebackId, Run: runId }).filter(
    (fact): fact is [string, string] => fact[1] !== undefined,
  );

/** The same alert has the same Message-ID however often it is sent, so that a mailbox shows it once (RFC 5322, 3.6.4). */
const messageIdOf = ({ id, writebackId = 'all' }: AlertMessage, from: string) =>
  `<${id}.${writebackId}@${/@([\w.-]+)/.exec(from)?.[1] ?? 'writeback.invalid'}>`;

function mailOf(alert: AlertMessage, { from, to }: EmailPlace) {
  const facts = factsOf(alert);
  const lines = facts.map(([label, value]) => `${label}: ${value}`);
  const rows = facts.map(([label, value]) => `<dt>${label}</dt><dd>${escapeMarkup(value)}</dd>`);
  return {
    from,
    to: [...to],
    subject: subjectOf(alert.message),
    messageId: messageIdOf(alert, from),
    date: alert.at,
    text: `${alert.message}\n\n${lines.join('\n')}\n`,
    html: `<p>${escapeMarkup(alert.message)}</p>\n<dl>${rows.join('')}</dl>\n`,
    // Vacation notices do not answer it (RFC 3834).
    headers: { 'Auto-Submitted': 'auto-generated' },
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}

/** nodemailer speaks SMTP over a socket that egress has opened. */
function transportOf(
  { host, port, security, username, password }: EmailPlace,
  egress: Egress,
  tls: ConnectionOptions | undefined,
  signal: AbortSignal,
): SMTPTransportOptions {
  const isSecure = security === 'tls';
  const place = { host, port, signal };
  return {
    host,
    port,
    secure: isSecure,
    requireTLS: security === 'startTls',
    ignoreTLS: security === 'none',
    ...(tls && { tls }),
    // A server that offers no login is not told the alert instead.
    ...(username !== undefined && { auth: { user: username, pass: password ?? '' }, forceAuth: true }),
    getSocket(_options, callback) {
      const opening = isSecure ? egress.connectTls(place, tls) : egress.connect(place);
      opening.then(
        (connection) => callback(null, { connection, secured: isSecure }),
        (error: Error) => callback(error),
      );
    },
  };
}

/** A channel that sends mail: as text, and as HTML in which nothing of the alert is markup. `tls`: as for `node:tls`. */
export function createEmail(place: EmailPlace, egress: Egress, tls?: ConnectionOptions): AlertChannel {
  const { host, port, to } = place;
  const whereto = JSON.stringify([host, port, ...to]);
  return {
    id: `email-${createHash('sha256').update(whereto).digest('hex').slice(0, 12)}`,
    async send(alert, signal) {
      const { createTransport } = await import('nodemailer');
      const transport = createTransport(transportOf(place, egress, tls, signal));
      try {
        const { rejected } = await transport.sendMail({ ...mailOf(alert, place), signal });
        const refused = rejected.map(String);
        return refused.length > 0 ? recipientsRefused(refused).message : undefined;
      } catch (error) {
        signal.throwIfAborted();
        throw explainSmtp(error, host, port);
      } finally {
        transport.close();
      }
    },
  };
}
