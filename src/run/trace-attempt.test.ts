import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openBothStores } from '../../test/servers/store-places.ts';
import { newRun, newWriteback } from '../../test/servers/store-rows.ts';
import { TemporaryError, UserError } from '../errors.ts';
import { findRun, insertRun } from '../store/run.ts';
import type { SpanFacts, SpanStart, Traces } from '../traces.ts';
import type { Attempt, Saved } from './attempt.ts';
import { receiptErrorOf } from './receipt.ts';
import { traceAttempt } from './trace-attempt.ts';

/** Keeps what it is told. */
function keepTraces() {
  const told: (SpanStart & { traceparent: string; pieces: string[]; ended?: SpanFacts; error?: string })[] =
    [];
  const traces: Traces = {
    begin(start) {
      const traceparent = `00-${'a'.repeat(32)}-${String(told.length + 1).padStart(16, '0')}-01`;
      const span: (typeof told)[number] = { ...start, traceparent, pieces: [] };
      told.push(span);
      return {
        traceparent,
        piece: (name) => span.pieces.push(name),
        end: (ended = {}, error) => Object.assign(span, { ended, error }),
      };
    },
  };
  return { told, traces };
}

for (const { name, store } of await openBothStores()) {
  const db = store.kysely;

  /** What the worker has in hands: the run as it is kept now. */
  const found = async (id: string): Promise<[Attempt, Saved]> => {
    const run = (await findRun(db, id))!;
    return [{ run, interrupted: 0 } as Attempt, { writeback: undefined, definition: undefined }];
  };

  test(`all that is done of a run belongs to its first attempt on the ${name}`, async () => {
    const { told, traces } = keepTraces();
    const { id } = await insertRun(db, newRun((await newWriteback(db)).id));
    await traceAttempt({ kind: 'begin' }, ...(await found(id)), { db, traces }, async (timings) => {
      timings.end('prepared');
      timings.end('described');
      return { state: 'succeeded', result: 1, timings: timings.all() };
    });
    const error = receiptErrorOf(new UserError('sftp-refused', 'No.'));
    const failed = { state: 'failed', error } as const;
    await traceAttempt({ kind: 'begin' }, ...(await found(id)), { db, traces }, async () => failed);
    const away = new TemporaryError('store-unreachable', 'Not there.');
    const interrupted = traceAttempt({ kind: 'begin' }, ...(await found(id)), { db, traces }, async () => {
      throw away;
    });
    await assert.rejects(interrupted, away);
    assert.deepEqual(
      told.map(({ parent }) => parent),
      [null, told[0]?.traceparent, told[0]?.traceparent],
    );
    assert.deepEqual(told[0]?.pieces, ['prepared', 'described']);
    assert.deepEqual(
      told.map(({ ended, error }) => [ended?.['writeback.run.state'], error]),
      [
        ['succeeded', undefined],
        ['failed', 'sftp-refused'],
        ['lost', undefined],
      ],
    );
  });

  test(`a run that a call started belongs to the call, and without traces nothing is kept on the ${name}`, async () => {
    const { told, traces } = keepTraces();
    const traceparent = `00-${'b'.repeat(32)}-${'c'.repeat(16)}-01`;
    const called = await insertRun(db, { ...newRun((await newWriteback(db)).id), traceparent });
    await traceAttempt({ kind: 'begin' }, ...(await found(called.id)), { db, traces }, async () => undefined);
    assert.equal(told[0]?.parent, traceparent);
    assert.equal((await findRun(db, called.id))?.traceparent, traceparent);
    const silent = await insertRun(db, newRun((await newWriteback(db)).id));
    await traceAttempt({ kind: 'begin' }, ...(await found(silent.id)), { db }, async () => undefined);
    assert.equal((await findRun(db, silent.id))?.traceparent, null);
  });
}
