import { egressRules, folderRoots } from './config.ts';
import { createRegistry } from './connector/registry.ts';
import { connectorsWith } from './connectors.ts';
import { addressPolicy } from './egress/address-policy.ts';
import { createEgress } from './egress/egress.ts';
import { serveRuns } from './run/serve-run.ts';
import { tellBlocked } from './start/blocked-attempts.ts';

// The same as worker.ts under the service's rules, of egress and of folders: a thread of `writeback start` begins here.
serveRuns({
  registry: createRegistry(connectorsWith(folderRoots())),
  egress: createEgress(addressPolicy({ ...egressRules(), onBlocked: tellBlocked })),
});
