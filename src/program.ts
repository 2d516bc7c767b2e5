import { readFileSync } from 'node:fs';
import { createAsk } from './cli/ask.ts';
import { runCli } from './cli/cli.ts';
import type { CliContext } from './cli/command.ts';
import { folderRoots, isLively, sizeThreadPool } from './config.ts';
import { createRegistry } from './connector/registry.ts';
import { connectors, connectorsWith } from './connectors.ts';
import { createEgress, openPolicy } from './egress/egress.ts';
import { createLog, createRedactor } from './log.ts';

/** Aborted by the first Ctrl-C, so that the run cleans up; a second one ends the process the hard way. */
function cancellation(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => controller.abort(new Error('Canceled.')));
  }
  return controller.signal;
}

/** Whoever reads our output may stop when they have seen enough (`| head`); the work itself goes on. */
function surviveClosedPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
}

sizeThreadPool();
surviveClosedPipes();
const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};
const redactor = createRedactor();

const context: CliContext = {
  version,
  registry: createRegistry(connectors),
  egress: createEgress(openPolicy),
  log: createLog((line) => process.stderr.write(`${line}\n`), redactor),
  signal: cancellation(),
  out: (line) => process.stdout.write(`${redactor.redact(line)}\n`),
  err: (text) => process.stderr.write(redactor.redact(text)),
  lively: isLively(process.stderr),
  ask: createAsk({ input: process.stdin, output: process.stderr }),
};

// The exit code is set and the process ends by itself: process.exit() after a job can deadlock (nodejs/node#54918).
process.exitCode = await runCli(process.argv.slice(2), context, {
  start: async () =>
    (await import('./start/start-command.ts')).startCommand(createRegistry(connectorsWith(folderRoots()))),
  'test-alerts': async () => (await import('./start/test-alerts-command.ts')).testAlertsCommand,
});
