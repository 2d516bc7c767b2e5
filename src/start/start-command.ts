import { type Arguments, type CliContext, type Command, exitCodes } from '../cli/command.ts';
import {
  type ServiceSettings,
  developHere,
  egressRules,
  serviceSettings,
  serviceVariables,
} from '../config.ts';
import type { Registry } from '../connector/registry.ts';
import { explainStoreError } from '../store/explain-store-error.ts';
import { bannerLines } from './banner.ts';
import { openApi } from './open-api.ts';
import { checkProxies } from './check-proxies.ts';
import { parseRoles } from './roles.ts';
import { openScheduler } from './open-scheduler.ts';
import { openService } from './open-service.ts';
import { openSignIn } from './open-sign-in.ts';
import { openWorker } from './open-worker.ts';

/** Resolves when the process is asked to end. */
async function asked(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  signal.addEventListener('abort', () => resolve(), { once: true });
  await promise;
}

/**
 * Opens what the roles need, and announces it; what was opened is closed by `stack`, the last first. Throws what opening throws;
 * a database that goes away meanwhile is a TemporaryError as well, so that a supervisor begins again.
 */
async function open(
  settings: ServiceSettings,
  typed: Arguments,
  context: CliContext,
  stack: AsyncDisposableStack,
): Promise<void> {
  const { registry, log, signal, out, version } = context;
  const roles = parseRoles(typed.text('role') ?? settings.roles);
  if (typed.flag('development')) developHere();
  const development = egressRules().allowLoopback;
  checkProxies(settings.proxies);
  const signInWays = roles.includes('api') ? openSignIn(log, stack) : undefined;
  const service = await openService({ registry, log, signal, version }, stack);
  if (roles.includes('worker')) await openWorker(service, settings, stack);
  if (roles.includes('scheduler')) openScheduler(service, settings, stack);
  const api = signInWays && (await openApi(service, { ...settings, version, signInWays }, stack));
  if (typed.flag('json')) out(JSON.stringify({ event: 'started', roles, development, ...api }));
  else if (!typed.flag('quiet')) for (const line of bannerLines({ roles, development, ...api })) out(line);
}

async function start(typed: Arguments, context: CliContext): Promise<number> {
  const settings = serviceSettings();
  const stack = new AsyncDisposableStack();
  try {
    await open(settings, typed, context, stack).catch((error: unknown) => {
      throw explainStoreError(error);
    });
    await asked(context.signal);
    if (!typed.flag('quiet')) context.err('Stopping: what is running may finish.\n');
  } finally {
    await stack.disposeAsync();
  }
  return exitCodes.done;
}

/** `writeback start`. Its connectors are under the service's rules, other than those of the command line. */
export const startCommand = (registry: Registry): Command => ({
  name: 'start',
  summary: 'Start the service: API, schedules and runs, with a database of its own or with yours.',
  usage: '',
  minimum: 0,
  maximum: 0,
  options: {
    role: { type: 'string', value: 'ROLES', help: 'api, scheduler, worker, several with commas, or all.' },
    development: { type: 'boolean', help: 'Runs may reach this machine (loopback).' },
  },
  environment: serviceVariables,
  run: (typed, context) => start(typed, { ...context, registry }),
});
