import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { TemporaryError, UserError } from '../../errors.ts';
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts';
import { type Register, assertClean, assertStored, closedPort, soon } from './assertions.ts';
import { type StoredRow, csvOf, headerOf, plainColumns, plainRows } from './rows.ts';
import type { Trial } from './trial.ts';

/** No connector may read so far ahead of a server that takes nothing. Part buffers (some 8 MiB) and sockets fit in. */
const aheadLimit = 128 * 1024 * 1024;

async function throughProxy(trial: Trial, work: (proxy: FaultProxy, credentials: object) => Promise<void>) {
  const proxy = await startFaultProxy(trial.target.endpoint);
  try {
    await work(proxy, trial.target.via(proxy.host, proxy.port));
  } finally {
    await proxy.stop();
  }
}

/** Waits until a count has begun and stands still for a while. */
async function standstill(count: () => number): Promise<void> {
  let seen = 0;
  do {
    seen = count();
    await sleep(600);
  } while (seen === 0 || seen !== count());
}

/** Rows of a source that takes so many milliseconds for each 100 of them. */
async function* unhurried(rows: readonly StoredRow[], pause: number): AsyncGenerator<Uint8Array> {
  yield headerOf(plainColumns);
  for (let index = 0; index < rows.length; index += 100) {
    await sleep(pause);
    yield csvOf(rows.slice(index, index + 100));
  }
}

/** Bytes that one good run of these rows sends and receives. */
async function measure(trial: Trial, rows: readonly StoredRow[]) {
  const sizes = { up: 0, down: 0 };
  await throughProxy(trial, async (proxy, credentials) => {
    await trial.deliver(plainColumns, rows, { runId: 'measured', credentials });
    Object.assign(sizes, { up: proxy.bytesUp, down: proxy.bytesDown });
  });
  return sizes;
}

/**
 * Cuts a run's connection, then runs it again without the fault. A cut of the last answers may come after the publishing:
 * then either state is right, but never one between.
 */
async function assertCutMended(
  trial: Trial,
  runId: string,
  before: readonly StoredRow[],
  cut: (proxy: FaultProxy) => void,
  late: boolean,
) {
  const rows = plainRows(before.length, runId);
  let failed = false;
  await throughProxy(trial, async (proxy, credentials) => {
    cut(proxy);
    await trial.deliver(plainColumns, rows, { runId, credentials }).catch((error: unknown) => {
      failed = true;
      if (!(error instanceof TemporaryError)) throw error;
    });
  });
  if (!late) assert.ok(failed, 'the run failed');
  const [first] = (await trial.target.stored()) ?? [];
  const published = late && first?.[1] === runId;
  await assertStored(trial, plainColumns, published ? rows : before);
  await trial.deliver(plainColumns, rows, { runId });
  await assertStored(trial, plainColumns, rows);
  await assertClean(trial);
  return rows;
}

/** The network between breaks in all ways that a proxy can. */
export function networkTests(on: Register): void {
  const onNetwork: Register = (title, work) =>
    on(title, async (trial) =>
      trial.target.endpoint.port === 0 ? trial.skip('no network in between') : work(trial),
    );

  onNetwork(
    'the connection is cut at any byte: nothing half-written, and the same run again is whole',
    async (trial) => {
      if (trial.target.accumulates) return trial.skip('its rows come on top');
      let rows: readonly StoredRow[] = plainRows(3_000, 'measured');
      const { up, down } = await measure(trial, rows);
      for (const share of [0, 0.02, 0.4, 0.8]) {
        const bytes = Math.floor(up * share);
        rows = await assertCutMended(trial, `up${bytes}`, rows, (proxy) => proxy.cutAfterUp(bytes), false);
      }
      for (const bytes of [up - 1, up - 40]) {
        rows = await assertCutMended(trial, `up${bytes}`, rows, (proxy) => proxy.cutAfterUp(bytes), true);
      }
      for (const bytes of [5, Math.floor(down / 2), down - 1]) {
        rows = await assertCutMended(
          trial,
          `down${bytes}`,
          rows,
          (proxy) => proxy.cutAfterDown(bytes),
          bytes > 5,
        );
      }
    },
  );

  onNetwork('a slow source, a slow server, and both at once change nothing', async (trial) => {
    if (trial.target.accumulates) return trial.skip('its rows come on top');
    for (const [pause, latency] of [
      [10, 0],
      [0, 30],
      [10, 30],
    ] as const) {
      const runId = `pause${pause}latency${latency}`;
      const rows = plainRows(2_000, runId);
      await throughProxy(trial, async (proxy, credentials) => {
        proxy.latency(latency);
        await trial.deliverBody(plainColumns, unhurried(rows, pause), { runId, credentials });
      });
      await assertStored(trial, plainColumns, rows);
      await assertClean(trial);
    }
  });

  onNetwork(
    'a server that takes nothing more stops the source, and an abort ends the wait',
    async (trial) => {
      const controller = new AbortController();
      const reason = new Error('cancelled by the test');
      const block = csvOf(plainRows(100, 'stalled'));
      let pulled = 0;
      async function* endless() {
        yield headerOf(plainColumns);
        while (pulled < 2 * aheadLimit) {
          controller.signal.throwIfAborted();
          pulled += block.length;
          yield Buffer.from(block);
        }
      }
      await throughProxy(trial, async (proxy, credentials) => {
        proxy.stall(2_000_000);
        const options = { runId: 'stalled', credentials, signal: controller.signal };
        const work = assert.rejects(
          trial.deliverBody(plainColumns, endless(), options),
          (error) => error === reason,
        );
        await standstill(() => pulled);
        assert.ok(pulled < aheadLimit, `the source was pulled ${Math.round(pulled / 1e6)} MB ahead`);
        const abortedAt = performance.now();
        controller.abort(reason);
        await work;
        assert.ok(performance.now() - abortedAt < soon, 'it ends soon');
      });
      await assertStored(trial, plainColumns, undefined);
      const rows = plainRows(100, 'stalled');
      await trial.deliver(plainColumns, rows, { runId: 'stalled' });
      await assertStored(trial, plainColumns, rows);
      await assertClean(trial);
    },
  );

  onNetwork('a closed port is a TemporaryError', async (trial) => {
    const credentials = trial.target.via('127.0.0.1', await closedPort());
    await assert.rejects(trial.deliver(plainColumns, plainRows(10, 'never'), { credentials }), (error) => {
      assert.ok(error instanceof TemporaryError, String(error));
      return true;
    });
  });

  on('a refused login is a UserError', async (trial) => {
    const { refused } = trial.target;
    if (!refused) return trial.skip('no login');
    await assert.rejects(
      trial.deliver(plainColumns, plainRows(10, 'never'), { credentials: refused }),
      (error) => {
        assert.ok(error instanceof UserError, String(error));
        return true;
      },
    );
    await assertStored(trial, plainColumns, undefined);
    await assertClean(trial);
  });
}
