import type { FastifyReply, FastifyRequest } from 'fastify';

/**
 * Secrets that a browser keeps for us. The prefix makes it refuse a cookie unless that is Secure, of this very host, and for
 * all of its paths (RFC 6265bis, 4.1.3.2).
 */
type CookieName = `__Host-${string}`;

const attributes = 'Path=/; Secure; HttpOnly; SameSite=Lax';

/** What a browser sends along under a name; undefined for nothing. */
export function readCookie(request: FastifyRequest, name: CookieName): string | undefined {
  const pairs = (request.headers.cookie ?? '').split(';').map((pair) => pair.trim());
  return pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1);
}

/** Has a browser keep a value for so many seconds. */
export function sendCookie(reply: FastifyReply, name: CookieName, value: string, seconds: number): void {
  reply.header('set-cookie', `${name}=${value}; Max-Age=${seconds}; ${attributes}`);
}

/** Has a browser forget it. */
export function dropCookie(reply: FastifyReply, name: CookieName): void {
  sendCookie(reply, name, '', 0);
}
