import { type ErrorDetails, TemporaryError, UserError, isTold } from '../../errors.ts';

/** An answer that is not a success. */
export interface Refusal {
  readonly status: number;
  readonly retryAfter: string | undefined;
  /** What data.world says about it. */
  readonly message: string;
}

type Told = readonly [code: string, sentence: string, details: ErrorDetails];

const byStatus: Readonly<Record<number, Told>> = {
  400: [
    'data-world-bad-request',
    'data.world does not understand the request',
    { remedy: 'Check the details.' },
  ],
  401: [
    'data-world-login-refused',
    'data.world refuses the API token',
    { field: 'apiToken', remedy: 'Copy the token again: User Settings, Advanced, on data.world.' },
  ],
  403: [
    'data-world-forbidden',
    'the owner of the API token may not do this',
    { field: 'apiToken', remedy: 'Ask the owner of the data.world DataSet for the right to edit it.' },
  ],
  404: [
    'data-world-not-found',
    'data.world does not have this DataSet, or does not show it to the owner of the API token',
    { field: 'dataWorldDataset', remedy: 'Check owner and ID, and that the account is a contributor.' },
  ],
  413: [
    'data-world-too-large',
    'the file is too large for data.world',
    { field: 'splitSize', remedy: 'Set "Split Size" to write several smaller files, or compress it.' },
  ],
  422: [
    'data-world-refused',
    'data.world refuses the file',
    {
      field: 'fileName',
      remedy: 'Check the name of the file; it must have 1 to 128 characters and no slash.',
    },
  ],
};

/** Seconds; the header is a number of them or a date. */
function secondsOf(retryAfter: string | undefined): number | undefined {
  if (retryAfter === undefined) return undefined;
  const seconds = /^\d+$/.test(retryAfter)
    ? Number(retryAfter)
    : (Date.parse(retryAfter) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, Math.ceil(seconds)) : undefined;
}

/** The told error of an answer that is not a success; `work` says what was asked for. */
export function explainRefusal(refusal: Refusal, work: string): UserError | TemporaryError {
  const { status, message } = refusal;
  const said = message === '' ? String(status) : `${status}: ${message}`;
  const retryAfter = secondsOf(refusal.retryAfter);
  if (status === 429) {
    const sentence = `${work}: data.world asks for patience, there were too many requests (${said}).`;
    return new TemporaryError('data-world-too-many-requests', sentence, { retryAfter });
  }
  if (status >= 500 || status === 408) {
    const sentence = `${work}: data.world has a problem of its own (${said}).`;
    return new TemporaryError('data-world-unavailable', sentence, { retryAfter });
  }
  const [code, sentence, details] = byStatus[status] ?? strange;
  return new UserError(code, `${work}: ${sentence} (${said}).`, details);
}

const strange: Told = [
  'data-world-unexpected-answer',
  'the answer is not one of data.world’s API',
  { field: 'apiUrl', remedy: 'Check "API URL"; that of data.world is https://api.data.world/v0.' },
];

/** The told error of a 200 that is not JSON: most likely another server, or a proxy's page. */
export function explainStrangeAnswer(work: string, cause: unknown): UserError {
  const [code, sentence, details] = strange;
  return new UserError(code, `${work}: ${sentence}.`, { ...details, cause });
}

const networkCode = /^(UND_ERR|HPE_|ECONN|EPIPE$|ETIMEDOUT$|ERR_STREAM_PREMATURE_CLOSE$)/;

/** Told errors, the source's and an abort's reason pass; what the HTTP client says of the network is a TemporaryError. */
export function explainFailure(error: unknown, work: string): unknown {
  if (isTold(error)) return error;
  const { code, message } = error as { readonly code?: unknown; readonly message: string };
  // An abort's code is a number.
  if (typeof code !== 'string' || !networkCode.test(code)) return error;
  return new TemporaryError('data-world-connection-lost', `${work}: the connection broke (${message}).`, {
    remedy: 'Check the network between this machine and data.world.',
    cause: error,
  });
}
