import { TemporaryError, UserError, isTold } from '../../errors.ts';

/** What an operation was about, for the sentence. */
export interface Occasion {
  /** As in “could not … /in/sales.csv”: `write`, `open`, `make the folder`. */
  readonly doing: string;
  readonly path: string;
}

/** Status codes of SFTP version 3 (draft-ietf-secsh-filexfer-02, 7) and those of later versions that servers send all the same. */
export const status = {
  noSuchFile: 2,
  permissionDenied: 3,
  failure: 4,
  badMessage: 5,
  noConnection: 6,
  connectionLost: 7,
  unsupported: 8,
  fileExists: 11,
} as const;

/** The SFTP status of an error, if it has one: sockets have text in the same place. */
export function statusOf(error: unknown): number | undefined {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'number' ? code : undefined;
}

const fullText = /no space|out of disk|disk full|quota|space left|storage/i;

/** True when the server says in words that its disk or a quota is full. */
export function saysFull(error: unknown): boolean {
  return error instanceof Error && fullText.test(error.message);
}

/** The told error for a full disk or quota. */
export function diskFull(path: string, cause: unknown): UserError {
  return new UserError(
    'sftp-disk-full',
    `The server has no room left for ${path}: its disk or your quota is full.`,
    {
      remedy: 'Free space on the server, or ask its administrator for more.',
      cause,
    },
  );
}

/** The told error for a connection that ended while it was needed. */
export function connectionLost(server: string, cause: unknown): TemporaryError {
  return new TemporaryError(
    'sftp-connection-lost',
    `The connection to ${server} ended before the work was done.`,
    {
      remedy: 'Try again; if it happens often, ask the administrator about time limits and firewalls.',
      cause,
    },
  );
}

function told(code: string, message: string, remedy: string, cause: unknown, field?: string): UserError {
  return new UserError(code, message, { remedy, field, cause });
}

type Telling = (occasion: Occasion, text: string, cause: unknown) => Error;

const lost: Telling = ({ doing, path }, text, cause) =>
  new TemporaryError('sftp-connection-lost', `The server could not ${doing} ${path}: ${text}.`, { cause });

/** What each status means to the person. */
const tellings: Record<number, Telling> = {
  [status.noSuchFile]: ({ doing, path }, text, cause) => {
    const message = `The server could not ${doing} ${path}: a folder of it is not there (${text}).`;
    return told(
      'sftp-path-missing',
      message,
      'Check the Path, or let Create Folders make it.',
      cause,
      'path',
    );
  },
  [status.permissionDenied]: ({ doing, path }, _text, cause) => {
    const remedy = 'Ask the administrator for write permission there, or choose another Path.';
    return told('sftp-permission-denied', `Your account may not ${doing} ${path}.`, remedy, cause, 'path');
  },
  [status.badMessage]: ({ doing, path }, text, cause) => {
    const remedy = 'The name may be too long or hold characters that the server does not take.';
    return told(
      'sftp-name-refused',
      `The server could not ${doing} ${path}: ${text}.`,
      remedy,
      cause,
      'filename',
    );
  },
  [status.unsupported]: ({ doing, path }, text, cause) => {
    const message = `The server could not ${doing} ${path}: ${text}.`;
    return told('sftp-operation-unsupported', message, 'The server does not offer this operation.', cause);
  },
  [status.noConnection]: lost,
  [status.connectionLost]: lost,
};

const refused: Telling = ({ doing, path }, text, cause) => {
  const remedy = 'Ask the administrator what the server allows there.';
  return told('sftp-operation-refused', `The server could not ${doing} ${path}: ${text}.`, remedy, cause);
};

/** Makes a told error of an SFTP status; an error without a status (an abort, a source's) passes unchanged. */
export function explainStatus(error: unknown, occasion: Occasion): Error {
  const code = statusOf(error);
  if (!(error instanceof Error) || isTold(error) || code === undefined || error instanceof DOMException)
    return error as Error;
  if (saysFull(error)) return diskFull(occasion.path, error);
  return (tellings[code] ?? refused)(occasion, error.message, error);
}

type Rule = readonly [RegExp, (server: string, cause: Error) => Error];

const rules: readonly Rule[] = [
  [
    /no matching (.+?)( algorithm)?$|^Handshake failed/i,
    (server, cause) =>
      told(
        'sftp-no-common-algorithm',
        `${server} and this program have no common way to talk: ${cause.message}.`,
        'The server offers only algorithms that are no longer safe. Ask the administrator to update it.',
        cause,
      ),
  ],
  [
    /Timed out while waiting for handshake/,
    (server, cause) =>
      new TemporaryError(
        'sftp-handshake-timed-out',
        `${server} took the connection but did not finish the handshake in time.`,
        {
          remedy: 'Check that an SSH server listens on this port; it may also be overloaded.',
          cause,
        },
      ),
  ],
  [
    /Connection lost before handshake/,
    (server, cause) =>
      new TemporaryError(
        'sftp-connection-lost',
        `${server} closed the connection before anybody could sign in.`,
        {
          remedy:
            'The server may have too many sign-ins at once (MaxStartups) or block this address; try again later.',
          cause,
        },
      ),
  ],
  [
    /identification|Invalid packet|Bad packet|ident|Protocol version/i,
    (server, cause) =>
      told(
        'sftp-not-ssh',
        `What answers at ${server} is not an SSH server: ${cause.message}.`,
        'Check the port: SFTP is mostly on 22. FTP and FTPS (21, 990) are other protocols.',
        cause,
        'port',
      ),
  ],
  [
    /exceeds max length|Unexpected packet|Unknown packet/,
    (server, cause) =>
      told(
        'sftp-noisy-shell',
        `${server} sent text where SFTP should begin.`,
        'The start-up files of the account print something (.bashrc, a banner): they must be silent for SFTP.',
        cause,
      ),
  ],
  [
    /Channel open failure/,
    (server, cause) =>
      new TemporaryError(
        'sftp-channel-refused',
        `${server} lets nobody open another channel now (${cause.message}).`,
        { cause },
      ),
  ],
  [
    /subsystem|exec request/i,
    (server, cause) =>
      told(
        'sftp-not-offered',
        `${server} lets you in but offers no SFTP.`,
        'Ask the administrator to allow SFTP for this account.',
        cause,
      ),
  ],
];

/** Makes a told error of what ssh2 reports about the connection itself. */
export function explainConnection(error: unknown, server: string): Error {
  if (isTold(error)) return error;
  const cause = error instanceof Error ? error : new Error(String(error));
  const rule = rules.find(([pattern]) => pattern.test(cause.message));
  return rule ? rule[1](server, cause) : connectionLost(server, cause);
}
