import type { Static, TObject, TSchema } from 'typebox';
import type { Permission } from './permission.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** One call of the API, as plain data: the server, the client, the OpenAPI document and the tests are derived from it. */
export interface Endpoint {
  readonly method: Method;
  /** With `{name}` for each of `params`; below `/api`. */
  readonly path: string;
  readonly permission: Permission;
  /** One sentence, for the reference page. */
  readonly summary: string;
  readonly params?: TObject;
  readonly query?: TObject;
  readonly body?: TSchema;
  /** The body is a file that streams in, of one of these content types; there is no `body` then. */
  readonly upload?: readonly string[];
  readonly answer: TSchema;
  /** Default 200; 201 for what creates, 202 for what is done later, 204 without a body, 303 for a redirect. */
  readonly status?: 200 | 201 | 202 | 204 | 303;
  /**
   * `lines`: server-sent events whose data are of the answer's schema; `csv`: a download, whose text is the answer;
   * `redirect`: a browser is sent on, and the answer is where to. Default JSON.
   */
  readonly format?: 'json' | 'lines' | 'csv' | 'redirect';
  /** A repeated call with the same `Idempotency-Key` header gets the first one's answer. */
  readonly idempotent?: boolean;
}

/** Keeps the literal types of an endpoint, so that the server's handlers and the client's functions are inferred. */
export function endpoint<const E extends Endpoint>(declared: E): E {
  return declared;
}

/** A file as it comes in, of one of the endpoint's content types. */
export interface Upload {
  readonly type: string;
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** What a call carries, by its endpoint; `undefined` for what it does not take. */
export interface CallOf<E extends Endpoint> {
  readonly params: E extends { params: infer S extends TSchema } ? Static<S> : undefined;
  readonly query: E extends { query: infer S extends TSchema } ? Static<S> : undefined;
  readonly body: E extends { body: infer S extends TSchema }
    ? Static<S>
    : E extends { upload: readonly string[] }
      ? Upload
      : undefined;
}

/** What a call is answered with. */
export type AnswerOf<E extends Endpoint> = Static<E['answer']>;
