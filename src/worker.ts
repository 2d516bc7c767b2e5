import { createRegistry } from './connector/registry.ts';
import { connectors } from './connectors.ts';
import { createEgress, openPolicy } from './egress/egress.ts';
import { serveRuns } from './run/serve-run.ts';

// Where a thread that moves the rows of runs begins (`run/run-threads.ts`).
serveRuns({ registry: createRegistry(connectors), egress: createEgress(openPolicy) });
