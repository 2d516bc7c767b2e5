import type { Db } from '../store/database.ts';
import { type OutputCell, appendOutputRows, replaceOutputRows } from '../store/output-row.ts';
import { wishPublication } from '../store/published-output.ts';
import type { Run } from '../store/run.ts';
import type { Definition } from './definition.ts';
import type { Receipt } from './receipt.ts';

/** The row that a run adds to the writeback's output DataSet: what its connector tells, or else what every receipt does. */
function outputCells(receipt: Receipt): Readonly<Record<string, OutputCell>> {
  if (receipt.metrics) return receipt.metrics;
  const { run, status, startedAt, finishedAt, rowsRead, rowsWritten, rowsRejected, bytes, location } =
    receipt;
  return {
    run,
    status,
    started: startedAt,
    finished: finishedAt,
    rowsRead,
    rowsWritten,
    rowsRejected,
    bytes,
    location: location.join(', '),
  };
}

/** Writes what a run reports into the output DataSet, in the transaction of its end. */
export async function writeOutput(
  transaction: Db,
  { id: runId, writebackId }: Run,
  { updateMethod, publishOutput }: Pick<Definition, 'updateMethod' | 'publishOutput'>,
  receipt: Receipt,
): Promise<void> {
  const place = { writebackId, runId };
  const write = updateMethod === 'append' ? appendOutputRows : replaceOutputRows;
  await write(transaction, place, [outputCells(receipt)]);
  if (publishOutput) await wishPublication(transaction, place);
}
