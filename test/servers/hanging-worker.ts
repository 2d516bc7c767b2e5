// A process that takes a run and never finishes it; its argument: the URL of the database.
import { hostname } from 'node:os';
import { createLog } from '../../src/log.ts';
import { openEngine } from '../../src/run/engine.ts';
import { takeRun } from '../../src/run/run.ts';
import { openStore } from '../../src/store/open.ts';

const log = createLog(() => {});
const place = { databaseUrl: process.argv[2]!, dataFolder: '' };
const store = await openStore(place, log, new AbortController().signal);
const engine = await openEngine(store.bossOptions, log);
await engine.work({ slots: 1 }, async ({ runId }) => {
  const run = await takeRun(store.kysely, runId, hostname());
  process.stdout.write(`${run?.attempt}\n`);
  await new Promise(() => {});
});
