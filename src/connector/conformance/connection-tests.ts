import assert from 'node:assert/strict';
import { type Register, assertClean, assertStored, closedPort } from './assertions.ts';
import { plainColumns, plainRows } from './rows.ts';
import type { Trial } from './trial.ts';

/** The connection test tells the truth and leaves nothing behind. */
export function connectionTests(on: Register): void {
  on('it passes step by step and leaves nothing behind', async (trial) => {
    const steps = await trial.testConnection();
    assert.ok(steps.length > 0, 'there are steps');
    for (const { name, ok, message, time } of steps) {
      assert.ok(ok, `${name}: ${message}`);
      assert.ok(message !== '' && time >= 0);
    }
    await assertStored(trial, plainColumns, undefined);
    await assertClean(trial);
  });

  on('what was published stays', async (trial) => {
    const rows = plainRows(20, 'before');
    await trial.deliver(plainColumns, rows);
    await trial.testConnection();
    await assertStored(trial, plainColumns, rows);
    await assertClean(trial);
  });

  const failing = async (trial: Trial, credentials: Record<string, unknown>) => {
    const steps = await trial.testConnection(credentials);
    const last = steps.at(-1);
    assert.equal(last?.ok, false, 'the last step failed');
    assert.ok(
      steps.slice(0, -1).every(({ ok }) => ok),
      'it ends at the first step that fails',
    );
    assert.ok(last.remedy, 'the failing step has a remedy');
  };

  on('a refused login fails with a remedy', async (trial) => {
    const { refused } = trial.target;
    await (refused ? failing(trial, refused) : trial.skip('no login'));
  });

  on('a closed port fails with a remedy', async (trial) => {
    if (trial.target.endpoint.port === 0) return trial.skip('no network in between');
    await failing(trial, trial.target.via('127.0.0.1', await closedPort()));
  });
}
