import { TemporaryError, UserError, isTold } from '../../errors.ts';

interface ServerError {
  readonly name?: string;
  readonly message?: string;
  readonly code?: number | string;
  readonly cause?: unknown;
  readonly reason?: { readonly servers?: ReadonlyMap<string, { readonly error?: unknown }> };
}

type Told = UserError | TemporaryError;

const user = (code: string, message: string, remedy: string, cause: unknown, field?: string): Told =>
  new UserError(`mongodb-${code}`, message, { remedy, cause, field });
const temporary = (code: string, message: string, remedy: string, cause: unknown): Told =>
  new TemporaryError(`mongodb-${code}`, message, { remedy, cause });

/** Everything that an error was caused by, the selection of a server included: the driver hides the socket's error there. */
export function* causesOf(error: unknown): Generator<ServerError> {
  if (typeof error !== 'object' || error === null) return;
  const one = error as ServerError;
  yield one;
  for (const { error: inner } of one.reason?.servers?.values() ?? []) yield* causesOf(inner);
  if (one.cause !== error) yield* causesOf(one.cause);
}

const notPrimary = [10_107, 13_435, 13_436, 189, 91, 11_600, 11_602];
const outOfSpace = [14_031, 39, 17_280];

/** By the server's own code: https://github.com/mongodb/mongo/blob/master/src/mongo/base/error_codes.yml */
function byCode(error: ServerError, text: string): Told | undefined {
  const { code } = error;
  if (code === 18) {
    return user(
      'login-refused',
      'MongoDB refused the username or the password.',
      'Check Username and Password, and that the user is defined in the Authentication Database (admin unless told).',
      error,
      'password',
    );
  }
  if (code === 13) {
    return user(
      'not-authorised',
      `The user may not do this on the database: ${text}.`,
      'Grant the user the readWrite role on the database.',
      error,
      'username',
    );
  }
  if (code === 73) {
    const remedy = 'Choose Custom Name and enter a name that MongoDB takes.';
    return user(
      'collection-name-not-allowed',
      `MongoDB refused the collection's name: ${text}.`,
      remedy,
      error,
      'customCollectionName',
    );
  }
  return serverState(error, text);
}

/** What the server may be over with later. */
function serverState(error: ServerError, text: string): Told | undefined {
  const { code } = error;
  if (outOfSpace.includes(Number(code)) || /no space|out of disk|quota/i.test(text)) {
    return temporary(
      'disk-full',
      `The server has no room left: ${text}.`,
      'Free space on the server, or enlarge its disk.',
      error,
    );
  }
  if (notPrimary.includes(Number(code))) {
    const remedy =
      'Nothing, if the replica set is electing a primary; else give all its hosts in a connection string.';
    return temporary('not-primary', `The server is not the primary now: ${text}.`, remedy, error);
  }
  if (code === 16_500) {
    return temporary(
      'too-many-requests',
      `The server asks for fewer requests: ${text}.`,
      'Lower Batches in Flight.',
      error,
    );
  }
  return undefined;
}

function byConnection(causes: readonly ServerError[], where: string): Told | undefined {
  const certificate = causes.find(({ code }) => /CERT|SELF_SIGNED|UNABLE_TO_|ERR_TLS/.test(String(code)));
  if (certificate) {
    return user(
      'certificate-refused',
      `The certificate of ${where} could not be verified: ${certificate.message}.`,
      'Give the CA certificate that signed it, and use the host name that it is made out for.',
      causes[0],
      'certificate',
    );
  }
  if (
    causes.some(
      ({ code, message = '' }) => code === 'EPROTO' || /SSL routines|wrong version number/.test(message),
    )
  ) {
    const remedy =
      'Switch TLS off if the server does not speak it; the server may also ask for a newer version of it.';
    return user('tls-refused', `${where} does not answer in TLS.`, remedy, causes[0], 'tls');
  }
  const names = new Set(causes.map(({ name }) => name));
  if (!causes.some(({ name = '', code }) => lostNames.has(name) || lostCodes.has(code))) return undefined;
  const detail = causes.at(-1)?.message ?? 'no answer';
  const sentence = names.has('MongoServerSelectionError')
    ? `No connection to ${where}: ${detail}.`
    : `The connection to ${where} was lost: ${detail}.`;
  return temporary(
    'host-unreachable',
    sentence,
    'Check host, port, TLS, and the network or firewall between.',
    causes[0],
  );
}

const lostNames = new Set([
  'MongoServerSelectionError',
  'MongoNetworkError',
  'MongoNetworkTimeoutError',
  'MongoPoolClearedError',
  'MongoNotConnectedError',
  'PoolClearedOnNetworkError',
]);

/** A socket that fails while a large command waits to be written fails with its own error: the driver does not wrap it. */
const lostCodes = new Set<unknown>([
  'ECONNRESET',
  'EPIPE',
  'ECONNABORTED',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);

/** Egress tells of certificates in its own code; here they are a field's matter. */
function refusedCertificate(told: Told): Told {
  if (told.code !== 'certificate-refused') return told;
  return user(
    'certificate-refused',
    told.message,
    told.remedy ?? 'Give the CA certificate that signed it.',
    told,
    'certificate',
  );
}

/** Turns whatever the driver throws into a told error; `where` is host and port. Told errors pass as they are. */
export function explain(error: unknown, where: string): Error {
  const causes = [...causesOf(error)];
  const told = causes.find((one) => isTold(one));
  if (told) return refusedCertificate(told);
  for (const one of causes) {
    const known = one.name?.startsWith('Mongo')
      ? byCode(one, (one.message ?? '').replace(/\.$/, ''))
      : undefined;
    if (known) return known;
  }
  const lost = byConnection(causes, where);
  if (lost) return lost;
  const [first] = causes;
  if (
    first?.name === 'MongoParseError' ||
    first?.name === 'MongoInvalidArgumentError' ||
    first?.name === 'MongoAPIError'
  ) {
    const remedy =
      'Correct the connection string; its form is mongodb://host1,host2/?replicaSet=name or mongodb+srv://host.';
    return user(
      'connection-string-malformed',
      `The connection cannot be made: ${first.message}.`,
      remedy,
      error,
      'connectionString',
    );
  }
  if (first?.name === 'MongoServerError') {
    return temporary(
      'command-failed',
      `MongoDB refused a command: ${first.message} (code ${first.code}).`,
      'See the log of the server.',
      error,
    );
  }
  return error instanceof Error ? error : new Error(String(error));
}
