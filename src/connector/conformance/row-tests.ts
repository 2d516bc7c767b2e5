import assert from 'node:assert/strict';
import type { Column } from '../../dataset/dataset.ts';
import { type Register, assertClean, assertStored } from './assertions.ts';
import { type StoredRow, oddColumns, oddRows, plainColumns, plainRows } from './rows.ts';

/** What was sent is what is found. */
export function rowTests(on: Register): void {
  on('every row and value arrives, odd ones too', async (trial) => {
    const delivered = await trial.deliver(oddColumns, oddRows);
    await assertStored(trial, oddColumns, oddRows);
    const { length } = oddRows;
    assert.deepEqual(
      [delivered.rowsRead, delivered.rowsWritten, delivered.rowsRejected],
      [length, length, 0],
    );
    assert.ok(delivered.bytes > 1_000_000, 'bytes are counted');
    assert.ok(delivered.location.length > 0, 'the receipt says where');
    await assertClean(trial);
  });

  on('a column alone, with nulls and empty texts', async (trial) => {
    const columns: Column[] = [{ name: 'only', type: 'STRING' }];
    const rows: StoredRow[] = [['a'], [null], [''], ['b'], [null]];
    await trial.deliver(columns, rows);
    await assertStored(trial, columns, rows);
  });

  on('the same run twice is as if it were once', async (trial) => {
    const rows = plainRows(2_000, 'one');
    const first = await trial.deliver(plainColumns, rows, { runId: 'same' });
    const second = await trial.deliver(plainColumns, rows, { runId: 'same' });
    await assertStored(trial, plainColumns, rows);
    assert.equal(second.rowsWritten, first.rowsWritten);
    await assertClean(trial);
  });

  on('a later run with other rows', async (trial) => {
    const [first, second] = [plainRows(500, 'first'), plainRows(300, 'second')];
    await trial.deliver(plainColumns, first, { runId: 'first' });
    await trial.deliver(plainColumns, second, { runId: 'second', runNumber: 2 });
    await assertStored(trial, plainColumns, trial.target.accumulates ? [...first, ...second] : second);
    await assertClean(trial);
  });

  on('a DataSet without rows is published', async (trial) => {
    await trial.deliver(plainColumns, []);
    await assertStored(trial, plainColumns, []);
    await assertClean(trial);
  });

  on('rejected rows over the limit fail the run, up to the limit they are left out', async (trial) => {
    if (trial.target.connector.accepts !== 'batches') return trial.skip('its files take every text');
    const columns: Column[] = [{ name: 'amount', type: 'LONG' }];
    const rows = [['1'], ['two'], ['3']];
    await assert.rejects(trial.deliver(columns, rows), {
      name: 'UserError',
      code: 'too-many-rejected-rows',
      row: 2,
    });
    await assertStored(trial, columns, undefined);
    await assertClean(trial);
    const { rowsRejected, rejected } = await trial.deliver(columns, rows, {
      details: { rejectedRowsLimit: 1 },
    });
    assert.deepEqual([rowsRejected, rejected[0]?.row, rejected[0]?.column], [1, 2, 'amount']);
    await assertStored(trial, columns, [['1'], ['3']]);
  });
}
