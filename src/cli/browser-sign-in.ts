import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { signInEndpoints } from '../contract/sign-in.ts';
import { TemporaryError } from '../errors.ts';
import type { CliContext } from './command.ts';

/** Milliseconds that a person has to sign in; the server's side of the way ends then too. */
const patience = 600_000;

const thanks = 'You are signed in. Go on in the terminal.';

/** The token that a browser brings to the one path that only it was told. */
async function tokenAt(server: Server, path: string, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    server.on('request', ({ url = '' }, reply) => {
      const { pathname, searchParams } = new URL(url, 'http://any');
      const token = pathname === path ? searchParams.get('session') : null;
      reply.writeHead(token === null ? 404 : 200, { 'content-type': 'text/plain', connection: 'close' });
      reply.end(token === null ? '' : thanks);
      if (token !== null) reply.once('close', () => resolve(token));
    });
  });
}

/**
 * The token of a session that a person begins in a browser of this machine, through the server's OpenID Connect provider: it
 * comes back over loopback (RFC 8252, 7.3). Throws TemporaryError `sign-in-nobody` when nobody does.
 */
export async function signInWithBrowser(url: string, { err, log, signal }: CliContext): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const limit = AbortSignal.timeout(patience);
  try {
    const { port } = server.address() as AddressInfo;
    const word = randomBytes(24).toString('base64url');
    const page = `${url}/api${signInEndpoints.beginOpenId.path}?terminal=${port}/${word}`;
    err(`Open this in a browser of this machine:\n${page}\n`);
    const token = await tokenAt(server, `/${word}`, AbortSignal.any([signal, limit]));
    log.hide(token);
    return token;
  } catch (cause) {
    if (!limit.aborted) throw cause;
    throw new TemporaryError('sign-in-nobody', 'Nobody has signed in within ten minutes.', { cause });
  } finally {
    server.close();
    server.closeAllConnections();
  }
}
