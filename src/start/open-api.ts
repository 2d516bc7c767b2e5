import { setTimeout as sleep } from 'node:timers/promises';
import { apiHandlers } from '../api/handlers.ts';
import { identify } from '../api/identify.ts';
import { type Listener, listen } from '../api/listen.ts';
import { createOnce } from '../api/once.ts';
import { serve } from '../api/serve.ts';
import { serveReferencePage } from '../api/page/reference-page.ts';
import { serveSetupPage } from '../api/page/setup-page.ts';
import { addOperatorRoutes } from '../api/operator-routes.ts';
import type { SignInWays } from '../api/people/sign-in-ways.ts';
import { newToken } from '../api/token.ts';
import { createTryLimit } from '../api/try-limit.ts';
import type { ServiceSettings } from '../config.ts';
import { contract } from '../contract/contract.ts';
import { countAdmins } from '../store/person.ts';
import type { Started } from './banner.ts';
import type { Service } from './open-service.ts';

/** Milliseconds between two looks for the administrator, whom another process may create too. */
const pause = 500;

/** Milliseconds for whoever sets the server up to sign in: a connection that begins while the server moves is reset. */
const settling = 5000;

/** Milliseconds that a call has to be answered once the process is to end. */
const patience = 5_000;

/** Calls of one API key in a minute. */
const keyCalls = 600;

const loopback = '127.0.0.1';

const isLoopback = (host: string) => host === 'localhost' || host === '::1' || host.startsWith('127.');

/** Opens the server to its network as soon as there is an administrator. */
async function moveWhenSetUp(listener: Listener, host: string, { db, log }: Service, signal: AbortSignal) {
  while (!signal.aborted) {
    await sleep(pause, undefined, { signal }).catch(() => {});
    const admins = signal.aborted ? 0 : await countAdmins(db).catch(() => 0);
    if (admins === 0) continue;
    await sleep(settling, undefined, { signal }).catch(() => {});
    if (signal.aborted) return;
    await listener.move(host);
    return log.info('There is an administrator; the API is open to its network.', { url: listener.url });
  }
}

/** What the API is told beside the service that it works with. */
interface ApiSettings extends ServiceSettings {
  readonly version: string;
  readonly signInWays: SignInWays;
}

/** Serves the API: to this machine only until an administrator exists, then on the host of the settings. */
export async function openApi(
  service: Service,
  { host, port, proxies, lowestMinutes, uploadLimit, version, signInWays }: ApiSettings,
  stack: AsyncDisposableStack,
): Promise<Pick<Started, 'url' | 'setupUrl' | 'later'>> {
  const { db, keyRing, log } = service;
  const token = newToken();
  const handlers = apiHandlers({ ...service, lowestMinutes, uploadLimit, setupToken: token, signInWays });
  const known = (request: Parameters<typeof identify>[1]) => identify(db, request);
  const server = serve({
    contract,
    handlers,
    identify: known,
    keyLimit: createTryLimit(keyCalls, 60_000),
    once: createOnce(db, keyRing),
    log,
    proxies,
    traces: service.traces,
  });
  serveReferencePage(server, version);
  addOperatorRoutes(server, { ...service, identify: known, version });
  const setUp = (await countAdmins(db)) > 0;
  if (!setUp) serveSetupPage(server, handlers.createAdministrator);
  const listener = await listen(server, setUp || isLoopback(host) ? host : loopback, port);
  stack.defer(() => listener.close(patience));
  const { url } = listener;
  if (setUp) return { url };
  const setupUrl = `${url}/setup?token=${token}`;
  if (isLoopback(host)) return { url, setupUrl };
  const closing = new AbortController();
  const moving = moveWhenSetUp(listener, host, service, closing.signal);
  stack.defer(async () => {
    closing.abort();
    await moving;
  });
  return { url, setupUrl, later: host };
}
