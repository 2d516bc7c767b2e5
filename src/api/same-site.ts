import type { FastifyRequest } from 'fastify';
import { Refusal } from './problem.ts';

const harmless = ['GET', 'HEAD', 'OPTIONS'];

/**
 * Refuses what another site makes a browser send: unsafe methods must come from our own pages (`Sec-Fetch-Site`, which every
 * browser sends and no page can forge; https://www.w3.org/TR/fetch-metadata) and, with a body, be JSON, which a plain form cannot
 * send. Programs send no such header. Throws Refusal 403 or 415.
 */
export function refuseOtherSites({ method, headers, body }: FastifyRequest): void {
  if (harmless.includes(method)) return;
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none')
    throw new Refusal(403, 'api-other-site', 'This call came from a page of another site.');
  const type = headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  if (body !== undefined && body !== null && type !== 'application/json')
    throw new Refusal(415, 'api-not-json', 'The body must be JSON, with the content type application/json.');
}
