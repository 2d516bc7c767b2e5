import type { FastifyRequest } from 'fastify';
import { signInEndpoints } from '../../contract/sign-in.ts';
import type { problemOf } from '../problem.ts';
import { html } from './html.ts';
import { plainPage } from './page.ts';

const begin = `/api${signInEndpoints.beginOpenId.path}`;

/** True for whoever followed a link in a browser; programs, and pages that call, ask for no HTML. */
export function isReader({ headers }: FastifyRequest): boolean {
  return headers.accept?.includes('text/html') ?? false;
}

/** A refusal for a person to read, with the way back to where they can go on. */
export function problemPage(
  { title, detail, remedy }: ReturnType<typeof problemOf>,
  { url }: FastifyRequest,
): ReturnType<typeof plainPage> {
  const next = url.startsWith(begin)
    ? html`<a href="${begin}">Sign in again</a>`
    : html`<a href="/api">What this server can be asked</a>`;
  return plainPage(
    title,
    html`<p role="alert">${detail}</p>
      ${remedy !== undefined && html`<p>${remedy}</p>`}
      <p>${next}</p>`,
  );
}
