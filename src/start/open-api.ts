import { setTimeout as sleep } from 'node:timers/promises';
import { apiHandlers } from '../api/handlers.ts';
import { identify } from '../api/identify.ts';
import { type Gate, isFromHere, listen } from '../api/listen.ts';
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

/** Milliseconds that a call has to be answered once the process is to end. */
const patience = 5_000;

/** Calls of one API key in a minute. */
const keyCalls = 600;

const isLoopback = (host: string) => host === 'localhost' || host === '::1' || host.startsWith('127.');

/** An address of this machine that a server is reached at which listens on a host. */
const hereOf = (url: string) => url.replace('//0.0.0.0:', '//127.0.0.1:').replace('//[::]:', '//[::1]:');

/**
 * Admits this machine only until there is an administrator. The server listens to its network from the start: one that
 * moved there afterwards would reset whoever connects in that moment, as the command that sets it up does.
 */
function gateUntilSetUp({ db, log }: Service, stack: AsyncDisposableStack): Gate {
  const closing = new AbortController();
  let isSetUp = false;
  const watching = (async () => {
    while (!isSetUp && !closing.signal.aborted) {
      await sleep(pause, undefined, { signal: closing.signal }).catch(() => {});
      if (!closing.signal.aborted) isSetUp = (await countAdmins(db).catch(() => 0)) > 0;
    }
    if (isSetUp) log.info('There is an administrator; the API is open to its network.');
  })();
  stack.defer(async () => {
    closing.abort();
    await watching;
  });
  return (connection) => isSetUp || isFromHere(connection);
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
  const gate = setUp || isLoopback(host) ? undefined : gateUntilSetUp(service, stack);
  const listener = await listen(server, host, port, gate);
  stack.defer(() => listener.close(patience));
  const { url } = listener;
  if (setUp) return { url };
  const setupUrl = `${hereOf(url)}/setup?token=${token}`;
  return { url, setupUrl, later: gate && host };
}
