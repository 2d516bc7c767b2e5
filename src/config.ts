/** The only reader of the environment. */

import { readFileSync } from 'node:fs';
import { availableParallelism, homedir } from 'node:os';
import { join } from 'node:path';
import { UserError } from './errors.ts';

/** All that the service takes from its environment; `writeback start --help` prints it, and nothing else is read. */
export const serviceVariables = {
  WRITEBACK_ROLE:
    'What this process does: api, scheduler, worker, several with commas, or all (the default).',
  WRITEBACK_PORT: 'Port of the API; 8080 unless told, 0 takes a free one.',
  WRITEBACK_HOST:
    'Address that the API listens on; 127.0.0.1 unless told, 0.0.0.0 for all. Until there is an administrator it serves this machine alone.',
  WRITEBACK_DATA: 'The data folder: embedded database, key file, uploaded DataSets.',
  DATABASE_URL:
    'A PostgreSQL of your own in place of the embedded one: postgres://user:password@host:5432/database.',
  DATABASE_URL_FILE: 'A file that holds DATABASE_URL.',
  WRITEBACK_MASTER_KEYS:
    'Master keys in place of the key file: base64 of 32 bytes each, the current one first.',
  WRITEBACK_MASTER_KEYS_FILE: 'A file that holds WRITEBACK_MASTER_KEYS.',
  WRITEBACK_EGRESS_ALLOW:
    'Internal addresses that runs may reach: 10.20.0.0/16, mongo.internal, mongo.internal:27017, with commas.',
  WRITEBACK_FOLDERS:
    'Directories of this machine below which the connector Folder may write, with commas; none unless told.',
  WRITEBACK_PROXIES:
    'Addresses or ranges of the proxies in front, with commas: who calls is whom they say (X-Forwarded-For).',
  WRITEBACK_PUBLIC_URL: 'The address that people reach this server at: https://writeback.example.com.',
  WRITEBACK_OIDC_ISSUER:
    'The OpenID Connect provider that people sign in through: https://login.example.com.',
  WRITEBACK_OIDC_CLIENT_ID: 'What this server is called there.',
  WRITEBACK_OIDC_CLIENT_SECRET: 'What it shows that it is this one.',
  WRITEBACK_OIDC_CLIENT_SECRET_FILE: 'A file that holds it.',
  WRITEBACK_OIDC_SCOPES: 'What the provider is asked to tell, with blanks; "email profile" unless told.',
  WRITEBACK_OIDC_DOMAINS: 'Domains of e-mail addresses that are let in, with commas; all unless told.',
  WRITEBACK_OIDC_TRUST_ADDRESSES:
    '1 takes addresses as verified where the provider does not say whether they are.',
  WRITEBACK_OIDC_ROLE_CLAIM: 'The claim that holds the groups of a person; groups unless told.',
  WRITEBACK_OIDC_ROLES:
    'Roles by group, with commas: chiefs=admin,data=editor. The first that fits counts, at each sign-in.',
  WRITEBACK_OIDC_DEFAULT_ROLE:
    'The role of people in none of the groups, or new where no groups are told; they are refused unless told.',
  WRITEBACK_PASSWORDS: '0 lets people sign in through the provider alone.',
  WRITEBACK_DEVELOPMENT: '1 lets runs reach this machine (loopback): for development and the demo.',
  WRITEBACK_LOWEST_MINUTES: 'The least minutes between two runs of a schedule; 15 unless told.',
  WRITEBACK_UPLOAD_MEGABYTES: 'The largest file that may be uploaded as a DataSet; 1000 unless told.',
  WRITEBACK_KEEP_DAYS: 'Days for which finished runs are kept; 90 unless told.',
  WRITEBACK_ALERT_WEBHOOK: 'Where alerts are posted to, signed.',
  WRITEBACK_ALERT_WEBHOOK_SECRET: 'What they are signed with.',
  WRITEBACK_ALERT_WEBHOOK_SECRET_FILE: 'A file that holds it.',
  WRITEBACK_ALERT_SLACK: 'The address of an incoming webhook of Slack, for alerts.',
  WRITEBACK_ALERT_SLACK_FILE: 'A file that holds it: who has the address may post.',
  WRITEBACK_ALERT_SMTP:
    'The mail server for alerts: smtps://user:password@host:465, or smtp://user:password@host:587, which must offer STARTTLS; with ?tls=none it is spoken to unencrypted.',
  WRITEBACK_ALERT_SMTP_FILE: 'A file that holds it.',
  WRITEBACK_ALERT_FROM: 'The sender of such mail: Writeback <writeback@example.com>.',
  WRITEBACK_ALERT_TO: 'Whom it goes to: addresses with commas.',
  WRITEBACK_RUNS: 'Runs that this process works on at once; 4 unless told.',
  WRITEBACK_RUNS_PER_ACCOUNT:
    'Runs at once for one account, by all processes together; no limit unless told.',
  OTEL_EXPORTER_OTLP_ENDPOINT: 'A collector of OpenTelemetry that gets traces: http://collector:4318.',
  OTEL_EXPORTER_OTLP_HEADERS: 'Headers that it asks for: name=value, with commas, percent-encoded.',
  OTEL_EXPORTER_OTLP_HEADERS_FILE: 'A file that holds them.',
  OTEL_SERVICE_NAME: 'What the service is called in traces; writeback unless told.',
  WRITEBACK_DRAIN_SECONDS:
    'How long runs may go on after SIGTERM; 30 unless told. Then another process resumes them.',
} as const;

/** What the command line takes from its environment to reach a server. */
export const clientVariables = {
  WRITEBACK_URL: 'Address of the server, such as https://writeback.example.com.',
  WRITEBACK_API_KEY: 'An API key, in place of the one that "writeback sign-in" keeps.',
} as const;

type Variable = keyof typeof serviceVariables | keyof typeof clientVariables;

/** Empty is unset, as in a compose file that passes a variable on. */
export const given = (name: Variable): string | undefined => process.env[name] || undefined;

/** The value of an environment variable that a writeback names as `${NAME}`; undefined when it is not set. */
export function readVariable(name: string): string | undefined {
  return process.env[name];
}

/**
 * Where Node keeps what it compiled: in this user's folder for what may be lost. The threads of this process ask the
 * environment for it; who has named a place already is left alone.
 */
export function compileCacheFolder(): string {
  const usual = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'writeback', 'compiled');
  return (process.env['NODE_COMPILE_CACHE'] ??= usual);
}

/**
 * Gives libuv's pool, which compresses and hashes, a thread for each processor and two that wait for files. libuv asks
 * the environment when the pool is first used, so this must come before; who has set a size already is left alone.
 */
export function sizeThreadPool(): void {
  process.env['UV_THREADPOOL_SIZE'] ??= String(availableParallelism() + 2);
}

/** True when colours and a moving progress line make sense: a terminal, and nobody asked for none (no-color.org). */
export function isLively(stream: { isTTY?: boolean }): boolean {
  return stream.isTTY === true && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb';
}

/** Those that have a second variable, which names a file. */
type InFile =
  | 'DATABASE_URL'
  | 'WRITEBACK_MASTER_KEYS'
  | 'WRITEBACK_ALERT_WEBHOOK_SECRET'
  | 'WRITEBACK_ALERT_SLACK'
  | 'WRITEBACK_ALERT_SMTP'
  | 'OTEL_EXPORTER_OTLP_HEADERS'
  | 'WRITEBACK_OIDC_CLIENT_SECRET';

/** A value that may lie in a file instead, so that it stands in no listing of processes. Throws UserError `config-file`. */
export function givenOrInFile(name: InFile): string | undefined {
  const file = given(`${name}_FILE`);
  if (given(name) !== undefined || file === undefined) return given(name);
  try {
    return readFileSync(file, 'utf8').trim() || undefined;
  } catch (cause) {
    const sentence = `The file ${file}, which ${name}_FILE names, cannot be read: ${(cause as Error).message}.`;
    throw new UserError('config-file', sentence, { cause });
  }
}

/** Throws UserError `config-number`. */
function wholeNumber<F extends number | undefined>(
  name: Variable,
  least: number,
  most: number,
  unset: F,
): number | F {
  const text = given(name);
  if (text === undefined) return unset;
  const value = Number(text);
  if (/^\d{1,9}$/.test(text) && value >= least && value <= most) return value;
  throw new UserError(
    'config-number',
    `${name} must be a whole number from ${least} to ${most}, not "${text}".`,
  );
}

/** Where the service keeps what it knows: in a PostgreSQL of the operator's own, or in the data folder. */
export function storePlace(): { readonly databaseUrl: string | undefined; readonly dataFolder: string } {
  const home = process.env['XDG_DATA_HOME'] ?? join(homedir(), '.local/share');
  // Root's home is closed to the user that PostgreSQL runs as.
  const usual = process.getuid?.() === 0 ? '/var/lib/writeback' : join(home, 'writeback');
  return { databaseUrl: givenOrInFile('DATABASE_URL'), dataFolder: given('WRITEBACK_DATA') ?? usual };
}

/** Master keys that were given in place of the key file: base64, the current one first. */
export function givenMasterKeys(): string | undefined {
  return givenOrInFile('WRITEBACK_MASTER_KEYS');
}

/** How `writeback start` runs, but for where the database and the keys are. */
export interface ServiceSettings {
  readonly roles: string | undefined;
  readonly host: string;
  readonly port: number;
  readonly proxies: readonly string[];
  readonly lowestMinutes: number;
  /** Bytes. */
  readonly uploadLimit: number;
  readonly daysKept: number;
  readonly runs: number;
  readonly runsPerAccount: number | undefined;
  /** Milliseconds. */
  readonly drain: number;
}

/** Reads the settings of `writeback start`. Throws UserError `config-number`. */
export function serviceSettings(): ServiceSettings {
  return {
    roles: given('WRITEBACK_ROLE'),
    host: given('WRITEBACK_HOST') ?? '127.0.0.1',
    port: wholeNumber('WRITEBACK_PORT', 0, 65_535, 8080),
    proxies: listed('WRITEBACK_PROXIES'),
    lowestMinutes: wholeNumber('WRITEBACK_LOWEST_MINUTES', 1, 1440, 15),
    uploadLimit: wholeNumber('WRITEBACK_UPLOAD_MEGABYTES', 1, 1_000_000, 1000) * 1_000_000,
    daysKept: wholeNumber('WRITEBACK_KEEP_DAYS', 1, 36_500, 90),
    runs: wholeNumber('WRITEBACK_RUNS', 1, 1000, 4),
    runsPerAccount: wholeNumber('WRITEBACK_RUNS_PER_ACCOUNT', 1, 1000, undefined),
    drain: wholeNumber('WRITEBACK_DRAIN_SECONDS', 0, 86_400, 30) * 1000,
  };
}

/** Where alerts go. */
export interface AlertPlaces {
  readonly webhook: { readonly url: string; readonly secret: string } | undefined;
  readonly slack: string | undefined;
  readonly email: { readonly url: string; readonly from: string; readonly to: readonly string[] } | undefined;
}

/** Throws UserError `config-alert` for a webhook without a secret: its receiver could not know who posts. */
function alertWebhook(): AlertPlaces['webhook'] {
  const url = given('WRITEBACK_ALERT_WEBHOOK');
  const secret = givenOrInFile('WRITEBACK_ALERT_WEBHOOK_SECRET');
  if (url === undefined) return undefined;
  if (secret !== undefined) return { url, secret };
  throw new UserError('config-alert', 'WRITEBACK_ALERT_WEBHOOK has no WRITEBACK_ALERT_WEBHOOK_SECRET.', {
    remedy: 'Set it to a long random text that the receiver knows too.',
  });
}

/** Throws UserError `config-alert` for a mail server without sender or recipients. */
function alertEmail(): AlertPlaces['email'] {
  const url = givenOrInFile('WRITEBACK_ALERT_SMTP');
  if (url === undefined) return undefined;
  const [from, to] = [given('WRITEBACK_ALERT_FROM'), listed('WRITEBACK_ALERT_TO')];
  if (from !== undefined && to.length > 0) return { url, from, to };
  throw new UserError('config-alert', 'WRITEBACK_ALERT_SMTP needs a sender and recipients.', {
    remedy: 'Set WRITEBACK_ALERT_FROM and WRITEBACK_ALERT_TO.',
  });
}

/** Throws UserErrors `config-alert` and `config-file`. */
export function alertPlaces(): AlertPlaces {
  return {
    webhook: alertWebhook(),
    slack: givenOrInFile('WRITEBACK_ALERT_SLACK'),
    email: alertEmail(),
  };
}

/** The entries of a variable that holds a list with commas. */
export function listed(name: Variable): string[] {
  const entries = (given(name) ?? '').split(',').map((entry) => entry.trim());
  return entries.filter((entry) => entry !== '');
}

/** What the operator lets runs reach. The threads that move rows ask for it too: they have this process's environment. */
export function egressRules(): { readonly allow: readonly string[]; readonly allowLoopback: boolean } {
  const allowLoopback = given('WRITEBACK_DEVELOPMENT') === '1';
  return { allow: listed('WRITEBACK_EGRESS_ALLOW'), allowLoopback };
}

/** Where the operator lets runs write on this machine. */
export const folderRoots = (): readonly string[] => listed('WRITEBACK_FOLDERS');

/** From now on this process and its threads may reach this machine, as if `WRITEBACK_DEVELOPMENT` were set. */
export function developHere(): void {
  process.env['WRITEBACK_DEVELOPMENT' satisfies Variable] = '1';
}

/** Which server the command line talks to, as far as the environment says, and the file where it keeps what it was told. */
export function clientSettings(): {
  readonly url: string | undefined;
  readonly apiKey: string | undefined;
  readonly file: string;
} {
  const folder = process.env['XDG_CONFIG_HOME'] || join(homedir(), '.config');
  return {
    url: given('WRITEBACK_URL'),
    apiKey: given('WRITEBACK_API_KEY'),
    file: join(folder, 'writeback', 'server.json'),
  };
}
