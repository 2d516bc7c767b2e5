import type { IncomingHttpHeaders } from 'node:http';

/** What a handler of the Domo stand-in gives back; a body of bytes is streamed. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | AsyncIterable<Uint8Array>;
}

/** What a handler is given. */
export interface Ask {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Thrown by a handler: the answer is a refusal. */
export class Refusal extends Error {
  readonly answer: Answer;

  constructor(answer: Answer) {
    super(`refused with ${answer.status}`);
    this.answer = answer;
  }
}

export function json(value: unknown, status = 200, headers: Record<string, string> = {}): Answer {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(value) };
}

export function html(title: string, status: number): Answer {
  const page = `<!DOCTYPE html>\n<html><head><title>${title}</title></head><body><h1>${title}</h1></body></html>\n`;
  return { status, headers: { 'content-type': 'text/html;charset=utf-8' }, body: page };
}

// Domo's "thread of execution": an id that its support asks for.
const toe = () => `${Math.random().toString(36).slice(2, 12).toUpperCase()}-STAND-IN`;

/** Domo's usual error object. */
export function refuse(
  status: number,
  statusReason: string,
  message: string,
  headers: Record<string, string> = {},
): Refusal {
  return new Refusal(json({ status, statusReason, message, toe: toe() }, status, headers));
}

/** Missing access to a DataSet's rows: Domo says 400, and hides the 403 in the message. */
export function infrastructureProblem(): Refusal {
  return refuse(400, 'Bad Request', 'Infrastructure problem (403): Access is denied');
}

export function forbidden(): Refusal {
  return new Refusal(json({ status: 403, toe: toe() }, 403));
}

export function notFound(): Refusal {
  return refuse(404, 'Not Found', 'The requested resource was not found.');
}
