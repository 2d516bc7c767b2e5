// A scheduler and a worker in one process, until it is killed. Its arguments: the URL of the database and the data folder;
// the master key comes in the environment, as an operator gives it.
import { parseKeyRing } from '../../src/account/key-ring.ts';
import { createRegistry } from '../../src/connector/registry.ts';
import { connectors } from '../../src/connectors.ts';
import { createEgress } from '../../src/egress/egress.ts';
import { createLog } from '../../src/log.ts';
import { openEngine } from '../../src/run/engine.ts';
import { startScheduler } from '../../src/run/scheduler.ts';
import { workOnRuns } from '../../src/run/work-on-runs.ts';
import { openStore } from '../../src/store/open.ts';

const [databaseUrl, dataFolder] = process.argv.slice(2) as [string, string];
const log = createLog((line) => process.stderr.write(`${line}\n`));
const store = await openStore({ databaseUrl, dataFolder }, log, new AbortController().signal);
const engine = await openEngine(store.bossOptions, log);
const parts = {
  db: store.kysely,
  pool: store.pool,
  engine,
  log,
  registry: createRegistry(connectors),
  keyRing: parseKeyRing(process.env['WRITEBACK_MASTER_KEYS'] ?? '', 'the environment'),
  dataFolder,
  egress: createEgress(),
  entry: new URL('../../src/worker.ts', import.meta.url),
};
await workOnRuns({ ...parts, slots: 5 });
startScheduler({ ...parts, channels: [], daysKept: 90 });
process.stdout.write('ready\n');
