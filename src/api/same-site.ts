import type { FastifyRequest } from 'fastify';
import { Refusal } from './problem.ts';

const harmless = ['GET', 'HEAD', 'OPTIONS'];

/**
 * Refuses what another site makes a browser send: unsafe methods must come from our own pages (`Sec-Fetch-Site`, which every
 * browser sends and no page can forge; https://www.w3.org/TR/fetch-metadata) and, with a body, be of a content type that a
 * plain form cannot send: JSON, or one of the call's own files. Programs send no such header. Throws Refusal 403 or 415.
 */
export function refuseOtherSites(
  { method, headers, body }: FastifyRequest,
  types: readonly string[] = ['application/json'],
): void {
  if (harmless.includes(method)) return;
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none')
    throw new Refusal(403, 'api-other-site', 'This call came from a page of another site.');
  const type = contentTypeOf(headers['content-type']);
  if (body !== undefined && body !== null && !types.includes(type))
    throw new Refusal(415, 'api-content-type', `The body must be of the content type ${types.join(' or ')}.`);
}

/** A content type without its parameters. */
export const contentTypeOf = (header: string | undefined): string =>
  header?.split(';')[0]?.trim().toLowerCase() ?? '';
