import { TemporaryError, UserError, isTold } from '../errors.ts';

/** One place of a call that is wrong. */
export interface WrongPlace {
  readonly path: string;
  readonly message: string;
}

/** A call that is refused for what it is, not for what it asks: by its status of RFC 9110. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly places: readonly WrongPlace[];

  constructor(
    status: number,
    code: string,
    message: string,
    rest: { headers?: Readonly<Record<string, string>>; places?: readonly WrongPlace[] } = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = rest.headers ?? {};
    this.places = rest.places ?? [];
  }
}

/** What a status means, in a few words. */
export const problemTitles: Readonly<Record<number, string>> = {
  400: 'The call cannot be understood',
  401: 'Not signed in',
  403: 'Not allowed',
  404: 'Not found',
  409: 'In the way of something else',
  413: 'Too large',
  415: 'Not this content type',
  422: 'The values cannot be used',
  429: 'Too many calls',
  500: 'An error of the server',
  503: 'Not possible now',
};

function statusOf(error: unknown): number {
  if (error instanceof Refusal) return error.status;
  if (error instanceof TemporaryError) return 503;
  if (!(error instanceof UserError)) return clientStatus(error);
  // What an operator must mend is no mistake of whoever calls.
  if (error.code.startsWith('store-')) return 503;
  if (error.code.endsWith('-not-found')) return 404;
  if (error.code.endsWith('-forbidden')) return 403;
  return error.code.endsWith('-conflict') ? 409 : 422;
}

/** Fastify's own refusals (a broken body, one that is too large) carry a status of 4xx. */
function clientStatus(error: unknown): number {
  const { statusCode = 500 } = error as { statusCode?: number };
  return statusCode >= 400 && statusCode < 500 ? statusCode : 500;
}

/** What may be said of an error: told errors and refusals whole, of all others nothing, since they may hold anything. */
function sayingOf(error: unknown, status: number): { code: string; detail: string; remedy?: string } {
  if (error instanceof Refusal) return { code: error.code, detail: error.message };
  if (isTold(error)) {
    const { code, message, remedy } = error;
    return { code, detail: message, ...(remedy !== undefined && { remedy }) };
  }
  if (status < 500)
    return { code: 'api-call-invalid', detail: 'The address or the body is not what this call takes.' };
  return { code: 'api-unexpected', detail: 'Something unexpected happened; the server has logged it.' };
}

function placesOf(error: unknown): readonly WrongPlace[] {
  if (error instanceof Refusal) return error.places;
  if (error instanceof UserError && error.field !== undefined)
    return [{ path: error.field, message: error.message }];
  return [];
}

/** An error as the body of an answer (RFC 9457). */
export function problemOf(error: unknown) {
  const status = statusOf(error);
  const errors = placesOf(error);
  return {
    type: 'about:blank',
    title: problemTitles[status] ?? 'Refused',
    status,
    ...sayingOf(error, status),
    ...(errors.length > 0 && { errors }),
  };
}
