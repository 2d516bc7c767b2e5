import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { queryObjects } from 'node:v8';
import { deliverRows } from '../../src/connector/conformance.ts';
import { plainColumns, plainRows } from '../../src/connector/conformance/rows.ts';
import { startS3 } from '../servers/s3-stand-in.ts';
import { noise, put, ways } from '../servers/s3-trial.ts';
import { standInTargets } from '../servers/stand-in-targets.ts';

/** After a garbage collection. */
const signalsInMemory = () => queryObjects(AbortSignal, { format: 'count' });

/** Milliseconds in which sockets that are being closed are gone. */
const patience = 5_000;

/**
 * Node keeps a signal that follows others for as long as somebody listens to it, and all that the listener knows: a listener
 * that is forgotten is a leak of each run's sockets and buffers.
 */
async function assertLetGo(work: (signal: AbortSignal) => Promise<unknown>): Promise<void> {
  const service = new AbortController();
  const run = () => work(AbortSignal.any([service.signal, new AbortController().signal]));
  // What is made once for all runs is made here.
  await run();
  const before = signalsInMemory();
  for (let count = 0; count < 3; count += 1) await run();
  const end = performance.now() + patience;
  // Fewer: of the first run something may have been on its way.
  while (signalsInMemory() > before && performance.now() < end) await sleep(50);
  assert.ok(signalsInMemory() <= before, `${signalsInMemory() - before} signals of 3 runs are still held`);
}

for (const [name, open] of Object.entries(standInTargets)) {
  test(`nobody listens to the signal of a run that is over: ${name}`, async (context: TestContext) => {
    const target = await open();
    context.after(() => target.close());
    const rows = plainRows(100, 'any');
    await assertLetGo((signal) => deliverRows(target, plainColumns, rows, { runId: 'run', signal }));
  });
}

for (const { title, connector } of ways) {
  test(`nobody listens to the signal of an upload that is over: ${title}`, async (context: TestContext) => {
    const server = await startS3();
    context.after(() => server.stop());
    const twoParts = 17 * 1024 * 1024;
    await assertLetGo((signal) => put(server, 'in/a.csv', noise(twoParts), { signal, connector }));
  });
}
