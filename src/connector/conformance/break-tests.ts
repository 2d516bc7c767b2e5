import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { TemporaryError } from '../../errors.ts';
import { type Register, assertClean, assertStored, soon } from './assertions.ts';
import { type StoredRow, csvOf, headerOf, plainColumns, plainRows } from './rows.ts';

/** Rows of about a kilobyte: enough for several parts of any connector, so that a break comes in the middle. */
const manyRows = 10_000;

/** The body of `rows` that does something when so much of it was pulled. */
async function* interrupted(
  rows: readonly StoredRow[],
  at: number,
  act: () => void,
): AsyncGenerator<Uint8Array> {
  yield headerOf(plainColumns);
  for (let index = 0; index < rows.length; index += 100) {
    if (index >= at) act();
    yield csvOf(rows.slice(index, index + 100));
    // A real source gives other work a turn between its reads.
    await sleep(0);
  }
}

/** The source breaks, or the person does: nothing half-written is visible. */
export function breakTests(on: Register): void {
  const breaking = { name: 'TemporaryError', code: 'test-source-broke' };
  const breakNow = () => {
    throw new TemporaryError('test-source-broke', 'The source broke.');
  };

  on('the source breaks midway: its error is told, nothing is published, nothing is left', async (trial) => {
    const rows = plainRows(manyRows, 'broken');
    await assert.rejects(trial.deliverBody(plainColumns, interrupted(rows, 5_000, breakNow)), breaking);
    await assertStored(trial, plainColumns, undefined);
    await assertClean(trial);
    await trial.deliver(plainColumns, rows);
    await assertStored(trial, plainColumns, rows);
    await assertClean(trial);
  });

  on('the source breaks at once or midway: what was published before stays', async (trial) => {
    const before = plainRows(100, 'before');
    await trial.deliver(plainColumns, before, { runId: 'before' });
    const rows = plainRows(manyRows, 'broken');
    for (const at of [0, 9_900]) {
      const body = interrupted(rows, at, breakNow);
      await assert.rejects(trial.deliverBody(plainColumns, body, { runId: 'after' }), breaking);
      await assertStored(trial, plainColumns, before);
      await assertClean(trial);
    }
  });

  on('the source ends short: what was published before stays', async (trial) => {
    const before = plainRows(100, 'before');
    await trial.deliver(plainColumns, before, { runId: 'before' });
    const verify = async (rows: number) => {
      throw new TemporaryError('test-short-export', `Only ${rows} rows came.`);
    };
    const short = trial.deliver(plainColumns, plainRows(1_000, 'short'), { runId: 'after', verify });
    await assert.rejects(short, { code: 'test-short-export', message: 'Only 1000 rows came.' });
    await assertStored(trial, plainColumns, before);
    await assertClean(trial);
  });

  on('an abort ends the work soon and cleans up', async (trial) => {
    const before = plainRows(100, 'before');
    await trial.deliver(plainColumns, before, { runId: 'before' });
    const controller = new AbortController();
    const reason = new Error('cancelled by the test');
    let abortedAt = 0;
    const abort = () => {
      abortedAt ||= performance.now();
      controller.abort(reason);
    };
    const body = interrupted(plainRows(manyRows, 'aborted'), 5_000, abort);
    const work = trial.deliverBody(plainColumns, body, { runId: 'after', signal: controller.signal });
    await assert.rejects(work, (error) => error === reason);
    assert.ok(performance.now() - abortedAt < soon, 'it ends soon');
    await assertStored(trial, plainColumns, before);
    await assertClean(trial);
  });

  on('an abort before the start publishes nothing', async (trial) => {
    const signal = AbortSignal.abort(new Error('cancelled by the test'));
    await assert.rejects(trial.deliver(plainColumns, plainRows(10, 'never'), { signal }));
    await assertStored(trial, plainColumns, undefined);
    await assertClean(trial);
  });

  on('memory does not grow with the DataSet', async (trial) => {
    if (trial.target.endpoint.port !== 0) return trial.skip('seen on the stalled network');
    const block = csvOf(plainRows(1_000, 'memory'));
    let peak = 0;
    const before = process.memoryUsage().rss;
    async function* body() {
      yield headerOf(plainColumns);
      for (let index = 0; index < 200; index++) {
        peak = Math.max(peak, process.memoryUsage().rss - before);
        yield Buffer.from(block);
      }
    }
    const { rowsWritten } = await trial.deliverBody(plainColumns, body());
    assert.equal(rowsWritten, 200_000);
    assert.ok(peak < 200_000_000, `${Math.round(peak / 1e6)} MB more than before`);
  });
}
