import { isTold, TemporaryError, UserError } from '../../errors.ts';

/** What was asked of Domo; it decides which field a refusal belongs to. */
export type Operation = 'token' | 'list' | 'describe' | 'export' | 'query' | 'unload' | 'publish';

/** An answer that is not what was asked for; `text` is the beginning of its body. */
export interface BadAnswer {
  readonly operation: Operation;
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

const accessRemedy =
  'Use a client of the DataSet’s owner, of a co-owner or of an Admin, made with the scopes data and user.';

/** Domo's own words: of its error object, else none. HTML is never repeated. */
function words({ text }: BadAnswer): string {
  try {
    const answer = JSON.parse(text) as Record<string, unknown>;
    const texts = ['message', 'error_description', 'statusReason'].map((name) => answer[name]);
    const said = texts.filter((one) => typeof one === 'string').find((one) => one !== '') ?? 'nothing more';
    const id = typeof answer['toe'] === 'string' ? ` (Domo's id of this: ${answer['toe']})` : '';
    return ` Domo says: ${said.slice(0, 300)}${id}`;
  } catch {
    return '';
  }
}

/** Seconds of `Retry-After`, which is a number or a date. */
function retryAfter({ headers }: BadAnswer): number | undefined {
  const text = String(headers['retry-after'] ?? '').trim();
  if (/^\d+$/.test(text)) return Number(text);
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, Math.ceil((date - Date.now()) / 1000));
}

/** True for a page instead of an answer: Domo shows its maintenance page with status 200 as well as 503. */
export function isHtml(headers: BadAnswer['headers'], text = ''): boolean {
  const type = String(headers['content-type'] ?? '');
  return /\bhtml\b/i.test(type) || (type === '' && /^\s*<(!doctype|html)/i.test(text));
}

function loginRefused(answer: BadAnswer): UserError {
  const sentence = `Domo refused the Client ID and Client Secret (${answer.status}).${words(answer)}`;
  const remedy =
    'Copy both again from developer.domo.com; the client may have been deleted or given a new secret.';
  return new UserError('domo-login-refused', sentence, { remedy, field: 'clientSecret' });
}

function accessDenied(why: string): UserError {
  const sentence = `The client's user has no access to this DataSet or to its rows: ${why}.`;
  return new UserError('domo-access-denied', sentence, { remedy: accessRemedy, field: 'datasetId' });
}

function publishRefused(answer: BadAnswer): UserError {
  if (answer.status === 404) {
    return new UserError('domo-stream-gone', 'The output DataSet or its stream was removed in Domo.', {
      remedy: 'It is made anew.',
    });
  }
  const sentence = `Domo refused the output DataSet (${answer.status}).${words(answer)}`;
  return new UserError('domo-publish-refused', sentence, {
    remedy: 'Use a client whose user may create DataSets, made with the scope data.',
  });
}

/** Domo looked at the request and will not do it, however often it is asked. */
function explainRefusal(answer: BadAnswer): UserError {
  const { operation, status, text } = answer;
  if (operation === 'token' && (status === 400 || status === 401 || status === 403))
    return loginRefused(answer);
  if (operation === 'publish') return publishRefused(answer);
  if (status === 400 && text.includes('Infrastructure problem (403)')) {
    return accessDenied(
      'Domo answers 400 “Infrastructure problem (403)”, which means a missing permission and no fault of Domo',
    );
  }
  if (status === 401 || status === 406)
    return accessDenied(`Domo refuses a token that it has just issued (${status})`);
  if (status === 403) return accessDenied(`Domo answers 403.${words(answer)}`.replace(/\.$/, ''));
  if (status === 404 && operation !== 'token' && operation !== 'list') {
    const remedy = 'Check the ID; the DataSet may have been deleted, or belong to another Domo.';
    return new UserError('domo-dataset-not-found', 'Domo has no DataSet with this ID.', {
      remedy,
      field: 'datasetId',
    });
  }
  if (operation === 'query') {
    const remedy = 'Correct the query. The table is called tbl; names of columns stand in double quotes.';
    return new UserError('domo-query-refused', `Domo refused the query (${status}).${words(answer)}`, {
      remedy,
      field: 'query',
    });
  }
  const remedy = 'Check that the base URL is that of Domo’s API, usually https://api.domo.com.';
  return new UserError('domo-request-refused', `Domo refused the request (${status}).${words(answer)}`, {
    remedy,
    field: 'baseUrl',
  });
}

/** Makes a told error of an answer that is not what was asked for (status codes as seen on the public API). */
export function explainAnswer(answer: BadAnswer): UserError | TemporaryError {
  const { status, headers, text } = answer;
  const wait = { retryAfter: retryAfter(answer) };
  if (status === 429) {
    return new TemporaryError('domo-rate-limit', 'Domo asks us to slow down (429).', {
      remedy: 'Run it again later.',
      ...wait,
    });
  }
  if ((status < 300 || status >= 500) && isHtml(headers, text)) {
    const sentence = `Domo showed a web page instead of an answer (${status}), as it does during maintenance.`;
    const remedy = 'Run it again later; if it stays so, check the base URL.';
    return new TemporaryError('domo-maintenance', sentence, { remedy, ...wait });
  }
  if (status >= 500) {
    const sentence = `Domo failed on its side (${status}).${words(answer)}`;
    return new TemporaryError('domo-unavailable', sentence, { remedy: 'Run it again later.', ...wait });
  }
  if (status < 300) {
    return new TemporaryError('domo-answer-unreadable', 'Domo’s answer was not of the expected form.', {
      remedy: 'Run it again.',
    });
  }
  return explainRefusal(answer);
}

const silent = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'ETIMEDOUT']);

/** Makes a told error of a broken transport. `stage`: before the answer began, or while its body came. */
export function explainTransport(error: unknown, stage: 'request' | 'body'): Error {
  if (isTold(error)) return error;
  const { code = '', message, cause } = error as NodeJS.ErrnoException;
  if (isTold(cause)) return cause;
  if (silent.has(code)) {
    const sentence = 'Domo stopped sending: nothing came for too long.';
    return new TemporaryError('domo-stalled', sentence, { remedy: 'Run it again.', cause: error });
  }
  const said = code || message;
  if (stage === 'request') {
    return new TemporaryError(
      'domo-unreachable',
      `The connection to Domo broke before it answered (${said}).`,
      {
        remedy: 'Run it again.',
        cause: error,
      },
    );
  }
  const sentence = `Domo's answer ended before it was complete (${said}).`;
  return new TemporaryError('domo-export-cut', sentence, { remedy: 'Run it again.', cause: error });
}
